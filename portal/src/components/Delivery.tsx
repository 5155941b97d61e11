import type { MouseEvent } from "react";
import type { Delivery } from "../core/conversation/timeline.js";
import type { Strings } from "../strings/index.js";
import { Icon, type IconName } from "./Icon.js";
import { usePortal } from "./PortalContext.js";

const ICONS: Record<Delivery["state"], IconName> = {
  sending: "clock",
  waiting: "clock",
  accepted: "check",
  delivered: "checks",
  refused: "alert",
};

/** What is as it should be is shown by its sign alone. */
export const isQuiet = ({ state }: Delivery): boolean => state !== "waiting" && state !== "refused";

/** How far a message of one's own has come. */
export function DeliveryMark({ delivery }: { delivery: Delivery }) {
  const { strings } = usePortal();
  const { state } = delivery;
  const text = state === "refused" ? strings.delivery.refused : deliveryText(delivery, strings);
  return (
    <span className="ppc-delivery" data-state={state} title={text}>
      <Icon name={ICONS[state]} />
      <span className={isQuiet(delivery) ? "ppc-hidden" : undefined}>{text}</span>
    </span>
  );
}

interface NotSentProps {
  readonly delivery: Extract<Delivery, { state: "refused" }>;
  onRetry(): void;
  onDiscard(): void;
}

/** Why a message was not sent, and what can be done about it. */
export function NotSent({ delivery, onRetry, onDiscard }: NotSentProps) {
  const { strings } = usePortal();
  return (
    <div className="ppc-notsent">
      <p>{reason(delivery, strings)}</p>
      <button type="button" className="ppc-link" onClick={leaving(onRetry)}>
        {strings.delivery.tryAgain}
      </button>
      <button type="button" className="ppc-link ppc-link-danger" onClick={leaving(onDiscard)}>
        {strings.delivery.discard}
      </button>
    </div>
  );
}

/** The button goes away with what it does: the focus stays with the messages. */
function leaving(action: () => void) {
  return ({ currentTarget }: MouseEvent<HTMLElement>) => {
    currentTarget.closest<HTMLElement>(".ppc-scroller")?.focus();
    action();
  };
}

function reason({ failure }: NotSentProps["delivery"], { delivery }: Strings): string {
  if (failure === null) return delivery.stale;
  if (failure.kind !== "refused") return delivery.refused;
  const known = delivery.refusals[failure.type?.split(":").at(-1) ?? ""];
  return known ?? delivery.refused;
}

/** What has become of a message of one's own, in words. */
export function deliveryText(state: Delivery, strings: Strings): string {
  const { delivery } = strings;
  if (state.state === "refused") return reason(state, strings);
  if (state.state !== "waiting") return delivery[state.state];
  return state.failure.kind === "signedOut" ? delivery.signedOut : delivery.waiting;
}
