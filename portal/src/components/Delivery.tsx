import type { MouseEvent } from "react";
import type { Receipt } from "../core/conversation/knownReads.js";
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

/** Whether the state is shown by its icon alone: nothing went wrong. */
export const isQuiet = ({ state }: Delivery): boolean => state !== "waiting" && state !== "refused";

/** The delivery state of an own message. */
export function DeliveryMark({ delivery }: { delivery: Delivery }) {
  const { strings } = usePortal();
  const { state } = delivery;
  const text = deliveryText(delivery, strings);
  return (
    <span className="ppc-delivery" data-state={state} title={text}>
      <Icon name={ICONS[state]} />
      <span className={isQuiet(delivery) ? "ppc-hidden" : undefined}>{text}</span>
    </span>
  );
}

const RECEIPT_ICONS: Record<Receipt, IconName> = { stored: "check", read: "checks" };

/** Whether the player has read a message of staff. */
export function ReceiptMark({ receipt }: { receipt: Receipt }) {
  const { delivery } = usePortal().strings;
  const text = receipt === "read" ? delivery.read : delivery.delivered;
  return (
    <span className="ppc-delivery" data-receipt={receipt} title={text}>
      <Icon name={RECEIPT_ICONS[receipt]} />
      <span className="ppc-hidden">{text}</span>
    </span>
  );
}

interface NotSentProps {
  readonly delivery: Extract<Delivery, { state: "refused" }>;
  onRetry(): void;
  onDiscard(): void;
}

/** Why a message was not sent, with buttons to retry or delete it. */
export function NotSent({ delivery, onRetry, onDiscard }: NotSentProps) {
  const { strings } = usePortal();
  return (
    <div className="ppc-notsent">
      <p>
        <Icon name={ICONS.refused} />
        {reason(delivery, strings)}
      </p>
      <button type="button" className="ppc-link" onClick={focusMessagesAnd(onRetry)}>
        {strings.delivery.tryAgain}
      </button>
      <button
        type="button"
        className="ppc-link ppc-link-danger"
        onClick={focusMessagesAnd(onDiscard)}
      >
        {strings.delivery.discard}
      </button>
    </div>
  );
}

/** Runs `action`, which removes the button, and moves the focus to the messages. */
function focusMessagesAnd(action: () => void) {
  return ({ currentTarget }: MouseEvent<HTMLElement>) => {
    currentTarget.closest<HTMLElement>(".ppc-scroller")?.focus();
    action();
  };
}

function reason({ failure }: NotSentProps["delivery"], { delivery }: Strings): string {
  if (failure === null) return delivery.stale;
  if (failure.kind !== "refused") return delivery.refused;
  const type = failure.type?.split(":").at(-1) ?? "";
  // Because of a file, which shows what is wrong with it.
  const known = delivery.refusals[type.startsWith("file-") ? "file" : type];
  return known ?? delivery.refused;
}

/** The delivery state of an own message, in words. */
export function deliveryText(state: Delivery, strings: Strings): string {
  const { delivery } = strings;
  if (state.state === "refused") return reason(state, strings);
  if (state.state !== "waiting") return delivery[state.state];
  return state.failure.kind === "signedOut" ? delivery.signedOut : delivery.waiting;
}
