import { useEffect, useId, useState } from "react";
import {
  AVAILABILITIES,
  type AvailabilityStatus,
  type OwnAvailability,
} from "../../core/desk/availability.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";

/** The capacities that the switch offers; null for the system's default. */
const CAPACITIES = [null, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50];

/** A colour for an availability; the text beside it has its meaning. */
export function AvailabilityDot({ status }: { status: AvailabilityStatus }) {
  return <span className="ppc-dot ppc-availability-dot" data-status={status} aria-hidden="true" />;
}

/** A button that shows whether the user takes conversations, and opens the choices. */
export function AvailabilitySwitch({ availability }: { availability: OwnAvailability }) {
  useObservable(availability);
  const { desk } = usePortal().strings;
  const [isOpen, setOpen] = useState(false);
  useEffect(() => availability.open(), [availability]);
  const { status } = availability.current;
  return (
    <>
      <button
        type="button"
        className="ppc-button ppc-availability"
        title={desk.availability}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <AvailabilityDot status={status} />
        <span className="ppc-hidden">{desk.availability}: </span>
        {desk.statuses[status]}
      </button>
      {isOpen && (
        <Dialog title={desk.availability} onClose={() => setOpen(false)}>
          <Choices availability={availability} />
        </Dialog>
      )}
    </>
  );
}

function Choices({ availability }: { availability: OwnAvailability }) {
  const { desk } = usePortal().strings;
  const name = useId();
  const { status, capacity } = availability.current;
  const capacities = CAPACITIES.includes(capacity) ? CAPACITIES : [...CAPACITIES, capacity];
  return (
    <div className="ppc-settings">
      {AVAILABILITIES.map((each) => (
        <label key={each} className="ppc-radio">
          <input
            type="radio"
            name={name}
            checked={each === status}
            onChange={() => availability.set({ status: each, capacity })}
          />
          <span>
            <span className="ppc-radio-label">
              <AvailabilityDot status={each} /> {desk.statuses[each]}
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
        {availability.failed && desk.notSaved}
      </p>
    </div>
  );
}
