import {
  type ClipboardEvent,
  type KeyboardEvent,
  type Ref,
  type RefObject,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import type { Conversation } from "../../core/conversation/conversation.js";
import type { Notes } from "../../core/notes/notes.js";
import { filled, firstVariable, textOf, variablesIn } from "../../core/replies/variables.js";
import type { ComposerFiles } from "../../hooks/useComposerFiles.js";
import type { DeskTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Composer } from "../Composer.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { CompletionList } from "./CompletionList.js";
import { SendGuard } from "./SendGuard.js";
import { type Completion, type Trigger, useCompletion } from "./useCompletion.js";

interface StaffComposerProps {
  readonly ref?: Ref<HTMLTextAreaElement>;
  readonly tools: DeskTools;
  readonly conversation: Conversation;
  /** Null before they are opened. */
  readonly notes: Notes | null;
  /** Receives the function that moves the focus to one of the two fields. */
  readonly modeKey: RefObject<((mode: Mode) => void) | null>;
  readonly onSend: (content: string) => void;
  /** The id of the line above, which describes the field. */
  readonly noticeId: string;
  /** The files of the reply, which stay while a note is written; null where it takes none. */
  readonly files: ComposerFiles | null;
  /** Called before a note is added. */
  readonly onNote: () => void;
  readonly onEscape: () => void;
  /** Opens the form of a new canned reply. */
  readonly onAddReply: () => void;
}

/** What the user writes: to the player, or for the staff. */
export type Mode = "reply" | "note";
const MODES: readonly Mode[] = ["reply", "note"];

/** A reply about which the user is asked, and why. */
interface Asked {
  readonly about: "note" | "takenOver";
  readonly content: string;
}

/** Characters that end a mention: an id with one of them cannot be mentioned. */
const SEPARATORS = /[\s,;!?()[\]{}<>"¡¿]/;
/** The most completions in a list. */
const MAX_OPTIONS = 50;

/** Writes replies to the player and, in a second tab, notes for the staff. */
export function StaffComposer(props: StaffComposerProps) {
  const { ref, tools, conversation, notes, modeKey, onSend, onNote, onEscape, onAddReply } = props;
  const { chat, replies } = tools;
  const { files } = props;
  useObservable(chat.drafts);
  useObservable(tools.notes.drafts);
  useObservable(replies);
  useObservable(chat.directory);
  const { strings, language } = usePortal();
  const { playerId, session } = conversation;
  const [mode, setMode] = useState<Mode>("reply");
  const isNote = mode === "note";
  const field = useRef<HTMLTextAreaElement>(null);
  const panel = useId();
  const drafts = isNote ? tools.notes.drafts : chat.drafts;
  const draft = drafts.of(playerId);

  const choose = (wanted: Mode) => {
    // The field shows the other draft: what was typed stays in its tab.
    flushSync(() => setMode(wanted));
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  };
  useEffect(() => {
    modeKey.current = choose;
    return () => {
      modeKey.current = null;
    };
  });

  /** Replaces the word at the cursor; selects `select` of the inserted text, or nothing. */
  const insert = (text: string, { start, end }: Trigger, unknown: ReadonlySet<string>) => {
    const before = draft.slice(0, start);
    flushSync(() => drafts.change(playerId, before + text + draft.slice(end)));
    if (!isNote) conversation.presence.typing.edited(before + text);
    const found = firstVariable(text, unknown);
    const from = start + (found?.start ?? text.length);
    const to = start + (found?.end ?? text.length);
    field.current?.focus();
    field.current?.setSelectionRange(from, to);
  };

  // Variables that the user has inserted, beside those of all replies.
  const [inserted, setInserted] = useState<ReadonlySet<string>>(new Set());
  const known = new Set([...replies.variables, ...inserted]);
  const unknown = isNote ? [] : variablesIn(draft).filter((name) => known.has(name));
  const [isBlocked, setBlocked] = useState(false);

  const values = {
    playerName: session?.playerName ?? null,
    staffName: chat.identity.name,
    playerId,
  };
  const findReplies = (query: string): Completion[] =>
    replies
      .find(query)
      .slice(0, MAX_OPTIONS)
      .flatMap((reply) => {
        const text = textOf(reply, [session?.language ?? null, language]);
        if (text === null) return [];
        const preview = filled(text.body, values).replace(/\s+/g, " ").slice(0, 160);
        return [{ id: reply.id, name: `/${reply.shortcut}`, detail: reply.title, preview }];
      });
  const insertReply = ({ id }: Completion, trigger: Trigger) => {
    const reply = replies.all.find((one) => one.id === id);
    const text = reply && textOf(reply, [session?.language ?? null, language]);
    if (!text) return;
    const body = filled(text.body, values);
    const missing = new Set(variablesIn(body));
    setInserted((before) => new Set([...before, ...missing]));
    setBlocked(false);
    insert(body, trigger, missing);
  };
  const findColleagues = (query: string): Completion[] => {
    const wanted = query.toLowerCase();
    const staff = chat.directory.list?.staff ?? [];
    return staff
      .filter(({ id }) => id !== chat.identity.subject && !SEPARATORS.test(id))
      .filter(({ id, name }) => `${id} ${name ?? ""}`.toLowerCase().includes(wanted))
      .slice(0, MAX_OPTIONS)
      .map(({ id, name }) => ({ id, name: name ?? id, detail: `@${id}`, preview: "" }));
  };
  const completion = useCompletion({
    text: draft,
    sign: isNote ? "@" : "/",
    find: isNote ? findColleagues : findReplies,
    onChoose: isNote ? ({ id }, trigger) => insert(`@${id} `, trigger, new Set()) : insertReply,
  });

  // Without a canned reply a slash would seem to do nothing.
  const { trigger } = completion;
  const lacksReplies =
    !isNote && trigger !== null && replies.all.length === 0 && (replies.loaded || replies.failed);
  const mayAdd = replies.loaded && replies.mayEdit;
  const handleNoReplies = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    if (!lacksReplies || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Escape") completion.close();
    else if (event.key === "Enter" && mayAdd && trigger?.query === "") onAddReply();
    else return false;
    event.preventDefault();
    return true;
  };

  // A colleague may take the session over while the user writes: who had it when the user began.
  const hadAtBegin = useRef<string | null | undefined>(undefined);
  const reply = chat.drafts.of(playerId);
  const assigneeId = session?.status === "resolved" ? null : (session?.assigneeId ?? null);
  useEffect(() => {
    if (reply === "") hadAtBegin.current = assigneeId;
  }, [reply, assigneeId]);
  const isTakenOver = (): boolean =>
    assigneeId !== null &&
    assigneeId !== chat.identity.subject &&
    assigneeId !== hadAtBegin.current;

  // The guard: texts of notes, and what was pasted of them into this reply.
  const [asked, setAsked] = useState<Asked | null>(null);
  const pasted = useRef(new Set<string>());
  const remember = ({ currentTarget }: ClipboardEvent<HTMLTextAreaElement>) => {
    const { value, selectionStart, selectionEnd } = currentTarget;
    if (isNote) tools.notes.texts.remember(value.slice(selectionStart, selectionEnd));
  };
  const paste = ({ clipboardData }: ClipboardEvent<HTMLTextAreaElement>) => {
    const text = clipboardData.getData("text/plain");
    if (!isNote && tools.notes.texts.isIn(text, [])) pasted.current.add(text.trim());
  };
  const isOfNote = (content: string): boolean => {
    const stored = notes?.entries.map((note) => note.content) ?? [];
    const texts = [...stored, tools.notes.drafts.of(playerId)];
    const hasPasted = [...pasted.current].some((text) => content.includes(text));
    return hasPasted || tools.notes.texts.isIn(content, texts);
  };
  const sendReply = (content: string) => {
    pasted.current.clear();
    onSend(content);
  };
  const mayReply = (content: string): boolean => {
    if (unknown.length > 0) {
      setBlocked(true);
      selectUnknown();
      return false;
    }
    const about = isOfNote(content) ? "note" : isTakenOver() ? "takenOver" : null;
    if (about !== null) setAsked({ about, content });
    return about === null;
  };
  const closeGuard = () => {
    // While the dialog is open, the field cannot have the focus.
    flushSync(() => setAsked(null));
    field.current?.focus();
  };
  const sendAnyway = ({ about, content }: Asked) => {
    if (about === "note" && isTakenOver()) {
      setAsked({ about: "takenOver", content });
      return;
    }
    // Each colleague is asked about once.
    hadAtBegin.current = assigneeId;
    sendReply(content);
    chat.drafts.change(playerId, "");
    closeGuard();
  };
  const selectUnknown = () => {
    const found = firstVariable(draft, known);
    field.current?.focus();
    if (found !== null) field.current?.setSelectionRange(found.start, found.end);
  };
  const addNote = (content: string) => {
    if (notes === null) return;
    onNote();
    notes.add(content);
    // What the user types next is a note again: no text for the staff gets into a reply by accident.
    tools.notes.drafts.change(playerId, "");
  };

  const step = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const other: Mode = isNote ? "reply" : "note";
    flushSync(() => setMode(other));
    event.currentTarget.querySelector<HTMLElement>("[aria-selected='true']")?.focus();
  };

  const names = unknown.map((name) => `{${name}}`).join(", ");
  return (
    <div className="ppc-staff-composer" data-mode={mode}>
      <CompletionList
        completion={completion}
        label={isNote ? strings.notes.colleagues : strings.replies.title}
        count={isNote ? strings.notes.colleagueCount : strings.replies.count}
      />
      <div role="status">
        {lacksReplies && (
          <div className="ppc-completions ppc-no-replies">
            <p>
              {!replies.loaded
                ? strings.replies.failed
                : `${strings.replies.none} ${mayAdd ? strings.replies.addFirst : strings.replies.readOnly}`}
            </p>
            {mayAdd && (
              <button
                type="button"
                className="ppc-link"
                tabIndex={-1}
                // The field keeps the focus, without which this would close.
                onPointerDown={(event) => event.preventDefault()}
                onClick={onAddReply}
              >
                {strings.replies.add}
              </button>
            )}
          </div>
        )}
      </div>
      <div className="ppc-modes">
        <div
          className="ppc-mode-tabs"
          role="tablist"
          aria-label={strings.notes.tabs}
          onKeyDown={step}
        >
          {MODES.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              className="ppc-mode"
              id={`${panel}-${each}`}
              aria-selected={each === mode}
              aria-controls={panel}
              tabIndex={each === mode ? 0 : -1}
              onClick={() => choose(each)}
            >
              {each === "note" && <Icon name="note" />}
              {strings.notes[each]}
            </button>
          ))}
        </div>
        {isNote ? (
          <p className="ppc-modes-note">{strings.notes.badge}</p>
        ) : (
          <p className="ppc-modes-hint">{strings.replies.hint}</p>
        )}
      </div>
      <div id={panel} role="tabpanel" aria-labelledby={`${panel}-${mode}`}>
        <Composer
          key={mode}
          ref={(element) => {
            field.current = element;
            if (typeof ref === "function") ref(element);
            else if (ref) ref.current = element;
          }}
          drafts={drafts}
          typing={isNote ? null : conversation.presence.typing}
          playerId={playerId}
          placeholder={isNote ? strings.notes.placeholder : strings.composer.placeholderStaff}
          onSend={isNote ? addNote : sendReply}
          onEscape={onEscape}
          {...(isNote
            ? { texts: strings.notes, noFiles: strings.attachments.notInNotes }
            : { maySend: mayReply, files })}
          field={{
            ...completion.field,
            "aria-describedby": props.noticeId,
            onCopy: remember,
            onCut: remember,
            onPaste: paste,
          }}
          onKey={(event) => handleNoReplies(event) || completion.onKey(event)}
        />
      </div>
      {isNote && <p className="ppc-composer-hint">{strings.notes.hint}</p>}
      {unknown.length > 0 && (
        <p
          className="ppc-composer-hint ppc-unknown"
          key={String(isBlocked)}
          role={isBlocked ? "alert" : "status"}
          data-problem={isBlocked || undefined}
        >
          {strings.replies.unknown(names)}{" "}
          <button type="button" className="ppc-link" onClick={selectUnknown}>
            {strings.replies.showUnknown}
          </button>
        </p>
      )}
      {asked !== null && (
        <SendGuard
          key={asked.about}
          isNote={asked.about === "note"}
          text={asked.content}
          {...(asked.about === "note"
            ? {
                title: strings.notes.guardTitle,
                question: strings.notes.guardText,
                send: strings.notes.guardSend,
                back: strings.notes.guardBack,
              }
            : {
                title: strings.desk.guardTitle,
                question: strings.desk.guardText(
                  session?.assigneeName ?? assigneeId ?? strings.staff.colleague,
                ),
                send: strings.desk.guardSend,
                back: strings.desk.guardBack,
              })}
          onSend={() => sendAnyway(asked)}
          onClose={closeGuard}
        />
      )}
    </div>
  );
}
