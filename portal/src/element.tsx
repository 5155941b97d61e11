import { type ComponentType, createElement } from "react";
import { createRoot, type Root } from "react-dom/client";
import type { PortalProps } from "./hooks/useOpenPortal.js";
import type { Setting, Theme } from "./hooks/usePreferences.js";
import { PlayerChatSystem, type PlayerChatSystemProps } from "./PlayerChatSystem.js";
import { StaffPortal, type StaffPortalProps } from "./StaffPortal.js";
import css from "./styles/index.css?inline";

/** Properties that a script sets, since attributes hold text only. */
type ByScript = Pick<
  PortalProps,
  "getToken" | "onSignIn" | "onUnread" | "onProblem" | "config" | "around" | "strings"
> &
  Pick<PlayerChatSystemProps, "topics" | "welcome">;

/**
 * `<player-portal-chat>` and `<player-portal-desk>`: the components in a shadow root, with their
 * own React.
 */
export type PortalElement = HTMLElement & { -readonly [Name in keyof ByScript]: ByScript[Name] };

declare global {
  interface HTMLElementTagNameMap {
    "player-portal-chat": PortalElement;
    "player-portal-desk": PortalElement;
  }
}

const BY_SCRIPT = [
  "getToken",
  "onSignIn",
  "onUnread",
  "onProblem",
  "config",
  "around",
  "strings",
  "topics",
  "welcome",
] as const satisfies (keyof ByScript)[];
const COMMON = ["api-url", "token", "language", "theme", "settings", "typing", "unread-in-title"];

/** The common properties, from an element's attributes. */
function common(element: HTMLElement): PortalProps & { unreadInTitle: boolean } {
  const text = (name: string) => element.getAttribute(name) ?? undefined;
  const settings = text("settings")?.split(/\s+/).filter(Boolean) as Setting[] | undefined;
  return {
    apiUrl: text("api-url") ?? "",
    token: text("token"),
    language: text("language"),
    theme: text("theme") as Theme | undefined,
    settings,
    typing: text("typing") !== "off",
    unreadInTitle: element.hasAttribute("unread-in-title"),
  };
}

function define<Props extends PortalProps>(
  name: string,
  component: ComponentType<Props>,
  attributes: readonly string[],
  propsOf: (element: HTMLElement) => Props | null,
): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    `:host { display: block; block-size: 100% } :host([hidden]) { display: none } ${css}`,
  );

  class Element extends HTMLElement {
    static readonly observedAttributes = [...COMMON, ...attributes];
    readonly #given: Record<string, unknown> = {};
    #root: Root | null = null;

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      for (const property of BY_SCRIPT) {
        // A value set before the script had loaded would hide the property.
        const early = Object.getOwnPropertyDescriptor(this, property);
        Reflect.deleteProperty(this, property);
        Object.defineProperty(this, property, {
          get: () => this.#given[property],
          set: (value: unknown) => {
            this.#given[property] = value;
            this.#render();
          },
        });
        if (early !== undefined) this.#given[property] = early.value;
      }
    }

    connectedCallback(): void {
      if (this.shadowRoot !== null) this.#root ??= createRoot(this.shadowRoot);
      this.#render();
    }

    disconnectedCallback(): void {
      // An element that is moved is connected again at once: it keeps its state.
      queueMicrotask(() => {
        if (this.isConnected) return;
        this.#root?.unmount();
        this.#root = null;
      });
    }

    attributeChangedCallback(): void {
      this.#render();
    }

    #render(): void {
      const props = propsOf(this);
      this.#root?.render(
        props === null ? null : createElement(component, { ...props, ...this.#given }),
      );
    }
  }
  customElements.define(name, Element);
}

// A server has no custom elements.
if ("customElements" in globalThis) {
  define<PlayerChatSystemProps>(
    "player-portal-chat",
    PlayerChatSystem,
    ["player-id", "player-name"],
    (element) => {
      const playerId = element.getAttribute("player-id");
      const playerName = element.getAttribute("player-name") ?? undefined;
      return playerId === null ? null : { ...common(element), playerId, playerName };
    },
  );
  define<StaffPortalProps>(
    "player-portal-desk",
    StaffPortal,
    ["staff-id", "staff-name", "chosen-in-address"],
    (element) => {
      const staffId = element.getAttribute("staff-id");
      const staffName = element.getAttribute("staff-name") ?? undefined;
      const chosenInAddress = element.hasAttribute("chosen-in-address");
      return staffId === null ? null : { ...common(element), staffId, staffName, chosenInAddress };
    },
  );
}
