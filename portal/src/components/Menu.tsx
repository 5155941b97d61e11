import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon } from "./Icon.js";
import { usePortal } from "./PortalContext.js";

/** What can be chosen of a menu. */
export interface MenuItem {
  readonly label: string;
  /** Only where there is no room for a button of its own. */
  readonly isNarrow?: boolean;
  onChoose(): void;
}

interface MenuProps {
  readonly items: readonly MenuItem[];
  /** What stands above the items. */
  readonly children?: ReactNode;
}

/** A button, and below it what is needed less often. */
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
    // The item goes away: the focus goes back, unless what it does takes it elsewhere.
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
              className={item.isNarrow ? "ppc-menu-item ppc-narrow" : "ppc-menu-item"}
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
