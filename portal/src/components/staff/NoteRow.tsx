import { memo } from "react";
import type { NoteEntry } from "../../core/notes/noteEntry.js";
import type { Notes } from "../../core/notes/notes.js";
import { useTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import { useToday } from "../../hooks/useToday.js";
import { DeliveryMark, NotSent } from "../Delivery.js";
import { Icon } from "../Icon.js";
import { MessageText } from "../MessageText.js";
import { usePortal } from "../PortalContext.js";
import { mentionPieces } from "./mentionPieces.js";

interface NoteRowProps {
  readonly entry: NoteEntry;
  readonly notes: Notes;
  /** Whether it is the first message or note of its day. */
  readonly isNewDay: boolean;
}

/** A note of the staff among the messages; it looks like no message. */
export const NoteRow = memo(function NoteRow({ entry, notes, isNewDay }: NoteRowProps) {
  const { strings, formats } = usePortal();
  const today = useToday();
  const tools = useTools();
  const { delivery, content, at, mentions } = entry;
  const isOwn = delivery !== null || entry.authorId === tools?.chat.identity.subject;
  const author = isOwn ? strings.messages.you : (entry.authorName ?? strings.staff.colleague);
  const remember = () => tools?.notes.texts.remember(String(getSelection()));
  const isMentioned = mentions.includes(tools?.chat.identity.subject ?? "");
  return (
    <div className="ppc-row ppc-row-own ppc-row-first">
      {isNewDay && <p className="ppc-divider ppc-divider-day">{formats.day(at, today)}</p>}
      <div
        role="note"
        className="ppc-internal"
        data-state={delivery?.state}
        data-note-id={entry.noteId}
        data-mentions-you={isMentioned || undefined}
        onCopy={remember}
        onCut={remember}
        onDragStart={remember}
      >
        <p className="ppc-internal-head">
          <Icon name="note" />
          <span>{strings.notes.badge}</span>
        </p>
        <p className="ppc-internal-author">
          <bdi>{author}</bdi>
          {isMentioned && <span className="ppc-internal-you">{strings.notes.mentionsYou}</span>}
        </p>
        <p className="ppc-text" dir="auto">
          {content === "" ? (
            <em>{strings.notes.erased}</em>
          ) : (
            <NoteText content={content} mentions={mentions} />
          )}
          {entry.truncated && "…"}
        </p>
        {entry.truncated && <span className="ppc-note">{strings.messages.truncated}</span>}
        <span className="ppc-meta">
          <time dateTime={new Date(at / 1000).toISOString()} title={formats.full(at)}>
            <bdi>{formats.time(at)}</bdi>
          </time>
          {/* A note has no reader whose marks would matter: only what is not sent yet shows. */}
          {delivery?.state === "sending" && <DeliveryMark delivery={delivery} />}
        </span>
      </div>
      {delivery?.state === "waiting" && (
        <p className="ppc-below">
          <DeliveryMark delivery={delivery} />
        </p>
      )}
      {delivery?.state === "refused" && (
        <NotSent
          delivery={delivery}
          onRetry={() => notes.retry(entry.noteId)}
          onDiscard={() => notes.discard(entry.noteId)}
        />
      )}
    </div>
  );
});

interface NoteTextProps {
  readonly content: string;
  readonly mentions: readonly string[];
}

/** The text of a note, with the names of those whom it mentions. */
function NoteText({ content, mentions }: NoteTextProps) {
  const tools = useTools();
  useObservable(tools?.chat.directory ?? null);
  const staff = tools?.chat.directory.list?.staff ?? [];
  const nameOf = (id: string) => staff.find((member) => member.id === id)?.name ?? id;
  return (
    <>
      {mentionPieces(content, mentions).map(({ text, id, start }) =>
        id === null ? (
          <MessageText key={start} content={text} />
        ) : (
          <bdi key={start} className="ppc-mention" title={id}>
            @{nameOf(id)}
          </bdi>
        ),
      )}
    </>
  );
}
