import { useEffect, useId, useState } from "react";
import {
  AVAILABILITIES,
  type AvailabilityStatus,
  type OwnAvailability,
} from "../../core/desk/availability.js";
import type { Inbox } from "../../core/inbox/inbox.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";

/** The capacities that the switch offers; null for the system's default. */
const CAPACITIES = [null, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50];

/** A colour for an availability, or for none yet; the text beside it has its meaning. */
export function AvailabilityDot({ status }: { status: AvailabilityStatus | null }) {
  return (
    <span
      className="ppc-dot ppc-availability-dot"
      data-status={status ?? "saving"}
      aria-hidden="true"
    />
  );
}

interface AvailabilitySwitchProps {
  readonly availability: OwnAvailability;
  /** Has the conversations to hand back. */
  readonly inbox: Inbox;
}

/** A button that shows whether the user takes conversations, and opens the choices. */
export function AvailabilitySwitch({ availability, inbox }: AvailabilitySwitchProps) {
  useObservable(availability);
  const { desk } = usePortal().strings;
  const [isOpen, setOpen] = useState(false);
  useEffect(() => availability.open(), [availability]);
  const { current, inForce, isSaving } = availability;
  return (
    <>
      <button
        type="button"
        className="ppc-button ppc-availability"
        title={desk.availability}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <AvailabilityDot status={isSaving ? null : inForce.status} />
        <span className="ppc-hidden">{desk.availability}: </span>
        {isSaving ? desk.saving(desk.statuses[current.status]) : desk.statuses[inForce.status]}
      </button>
      {isOpen && (
        <Dialog title={desk.availability} onClose={() => setOpen(false)}>
          <Choices availability={availability} inbox={inbox} />
        </Dialog>
      )}
    </>
  );
}

function Choices({ availability, inbox }: AvailabilitySwitchProps) {
  const { desk } = usePortal().strings;
  const name = useId();
  const { status, capacity } = availability.current;
  const [handedBack, setHandedBack] = useState<{ count: number; failed: number } | null>(null);
  const choose = (chosen: AvailabilityStatus) => {
    availability.set({ status: chosen, capacity });
    setHandedBack(null);
    if (chosen !== "reassign") return;
    const { count, failed } = inbox.handBack();
    setHandedBack({ count, failed: 0 });
    void failed.then((missed) => missed > 0 && setHandedBack({ count, failed: missed }));
  };
  const capacities = CAPACITIES.includes(capacity) ? CAPACITIES : [...CAPACITIES, capacity];
  return (
    <div className="ppc-settings">
      {AVAILABILITIES.map((each) => (
        <label key={each} className="ppc-radio">
          <input type="radio" name={name} checked={each === status} onChange={() => choose(each)} />
          <span>
            <span className="ppc-radio-label">
              <AvailabilityDot status={each} />{" "}
              {each === "reassign" && status !== each ? desk.handBack : desk.statuses[each]}
            </span>
            <span className="ppc-radio-hint">{desk.statusHints[each]}</span>
          </span>
        </label>
      ))}
      <label className="ppc-setting">
        <span>{desk.capacity}</span>
        <select
          value={capacity ?? ""}
          onChange={({ target }) =>
            availability.set({ status, capacity: target.value === "" ? null : +target.value })
          }
        >
          {capacities.map((each) => (
            <option key={each} value={each ?? ""}>
              {each ?? desk.capacityDefault}
            </option>
          ))}
        </select>
      </label>
      <p className="ppc-note" role="status">
        {availability.failed && desk.notSaved}{" "}
        {handedBack !== null &&
          (handedBack.failed > 0
            ? desk.notHandedBack(handedBack.failed)
            : desk.handedBack(handedBack.count))}
      </p>
    </div>
  );
}
