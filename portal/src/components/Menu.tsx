import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon } from "./Icon.js";
import { usePortal } from "./PortalContext.js";

/** An item of a menu. */
export interface MenuItem {
  readonly label: string;
  /** Shown only where the layout has no room for a button of its own. */
  readonly isNarrow?: boolean;
  /** Shown only where the layout has less room than a desk usually has. */
  readonly isTight?: boolean;
  onChoose(): void;
}

interface MenuProps {
  readonly items: readonly MenuItem[];
  /** Shown above the items. */
  readonly children?: ReactNode;
}

/** A button that opens a list of rarely needed actions. */
export function Menu({ items, children }: MenuProps) {
  const { strings } = usePortal();
  const [isOpen, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useId();
  useEffect(() => {
    const { current: element } = place;
    if (!isOpen || element === null) return;
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      setOpen(false);
      button.current?.focus();
    };
    const leave = (event: Event) => {
      if (!event.composedPath().includes(element)) setOpen(false);
    };
    element.addEventListener("keydown", press);
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      element.removeEventListener("keydown", press);
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [isOpen]);
  const choose = (item: MenuItem) => {
    // The item disappears: the focus returns to the button, unless the action moves it.
    button.current?.focus();
    setOpen(false);
    item.onChoose();
  };
  return (
    <div className="ppc-menu" ref={place}>
      <button
        ref={button}
        type="button"
        className="ppc-icon-button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? list : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
        <span className="ppc-hidden">{strings.staff.more}</span>
      </button>
      {isOpen && (
        <div className="ppc-menu-list" id={list}>
          {children}
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              className={classOf(item)}
              onClick={() => choose(item)}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function classOf({ isNarrow = false, isTight = false }: MenuItem): string {
  if (isNarrow) return "ppc-menu-item ppc-narrow";
  return isTight ? "ppc-menu-item ppc-tight" : "ppc-menu-item";
}
