import { Fragment } from "react";
import type { ConversationPresence } from "../core/presence/conversationPresence.js";
import type { Member } from "../core/presence/member.js";
import { useObservable } from "../hooks/useObservable.js";
import type { Strings } from "../strings/en.js";
import { usePortal } from "./PortalContext.js";

/** A member's name, or what the member is to the user. */
export function nameOf({ role, name }: Member, { player, messages }: Strings): string {
  return name ?? (role === "staff" ? player.staffName : messages.player);
}

/** The members' names; those without a name are named once. */
const namesOf = (members: readonly Member[], strings: Strings): string[] => [
  ...new Set(members.map((member) => nameOf(member, strings))),
];

interface PresenceLineProps {
  readonly presence: ConversationPresence;
  /** Whether colleagues are named who have the conversation open. */
  readonly showsColleagues: boolean;
}

/**
 * A line below the messages: who types, and which colleagues are there. It keeps its height without
 * any, so that the messages stay where they are. To screen readers an `Announcer` says who types
 * once, and a status which colleagues are there.
 */
export function PresenceLine({ presence, showsColleagues }: PresenceLineProps) {
  const { typing, staff } = presence;
  useObservable(presence);
  useObservable(typing);
  const { strings } = usePortal();
  const { typists } = typing;
  const present = showsColleagues ? staff : [];
  const colleagues = present.filter((member) => !typists.includes(member));
  return (
    <div className="ppc-presence">
      <p className="ppc-typing" aria-hidden="true">
        {typists.length > 0 && (
          <>
            <TypingDots />
            <span className="ppc-presence-text">
              <TextWithNames text={strings.messages.typing} names={namesOf(typists, strings)} />
            </span>
          </>
        )}
      </p>
      {colleagues.length > 0 && (
        <p className="ppc-also-here ppc-presence-text" aria-hidden="true">
          <TextWithNames text={strings.staff.alsoHere} names={namesOf(colleagues, strings)} />
        </p>
      )}
      {/* With those who type, or each of their pauses would be announced. */}
      <p className="ppc-hidden" role="status">
        {present.length > 0 && (
          <TextWithNames text={strings.staff.alsoHere} names={namesOf(present, strings)} />
        )}
      </p>
    </div>
  );
}

/** Three dots that move, unless the user prefers none to. */
export function TypingDots() {
  return (
    <span className="ppc-typing-dots" aria-hidden="true">
      <span />
      <span />
      <span />
    </span>
  );
}

/** A placeholder for the names that no name contains. */
const PLACEHOLDER = "\u0000";

interface TextWithNamesProps {
  /** Returns a sentence that contains `names` once; `count` is their number. */
  readonly text: (names: string, count: number) => string;
  readonly names: readonly string[];
}

/** A sentence with a list of names, each isolated from the direction of the text around it. */
function TextWithNames({ text, names }: TextWithNamesProps) {
  const { formats } = usePortal();
  const [before, after] = text(PLACEHOLDER, names.length).split(PLACEHOLDER);
  const parts = formats.list(names);
  return (
    <>
      {before}
      {parts.map(({ type, value }, index) =>
        type === "element" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no identity
          <bdi key={index}>{value}</bdi>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no identity
          <Fragment key={index}>{value}</Fragment>
        ),
      )}
      {after}
    </>
  );
}
