import { type FormEvent, useEffect, useRef, useState } from "react";
import type { Failure } from "../../core/api/failure.js";
import { MAX_CONTENT } from "../../core/api/limits.js";
import { newId } from "../../core/id.js";
import { isForbidden } from "../../core/replies/cannedReplies.js";
import { textOf } from "../../core/replies/variables.js";
import type { CannedReply } from "../../core/types.js";
import type { DeskTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import { languageName, type Strings } from "../../strings/index.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";
import { tagOf } from "./Tagging.js";

interface RepliesDialogProps {
  readonly tools: DeskTools;
  /** Whether it begins with the form of a new reply. */
  readonly adds?: boolean;
  readonly onClose: () => void;
}

/** The languages that the form offers beside those of the replies. */
const LANGUAGES = ["en", "de", "fr", "es", "pt", "pl", "tr", "ar", "ja", "zh"];

/** A new reply, whose text is in `language`. */
const emptyReply = (language: string): CannedReply => ({
  id: newId(),
  shortcut: "",
  title: "",
  team: null,
  bodies: { [primary(language)]: "" },
});

/** All canned replies; leads add, edit and delete them. */
export function RepliesDialog({ tools, adds = false, onClose }: RepliesDialogProps) {
  const { replies } = tools;
  useObservable(replies);
  const { strings, language } = usePortal();
  const [edited, setEdited] = useState<CannedReply | null>(() =>
    adds ? emptyReply(language) : null,
  );
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => replies.refresh(), [replies]);
  // The form disappears with the focus in it.
  const wasEdited = useRef(false);
  useEffect(() => {
    if (wasEdited.current && edited === null) list.current?.focus();
    wasEdited.current = edited !== null;
  }, [edited]);
  if (edited !== null)
    return (
      <Dialog title={strings.replies.title} onClose={onClose}>
        <ReplyForm tools={tools} reply={edited} onDone={() => setEdited(null)} />
      </Dialog>
    );
  const add = () => setEdited(emptyReply(language));
  return (
    <Dialog title={strings.replies.title} onClose={onClose}>
      <div className="ppc-replies" ref={list} tabIndex={-1}>
        <p className="ppc-note">
          {replies.mayEdit ? strings.replies.variables : strings.replies.readOnly}
        </p>
        {!replies.loaded && (
          <p role="status">{replies.failed ? strings.replies.failed : strings.replies.loading}</p>
        )}
        {replies.loaded && replies.all.length === 0 && <p>{strings.replies.none}</p>}
        <ul>
          {replies.all.map((reply) => {
            const text = textOf(reply, [language]);
            return (
              <li key={reply.id} className="ppc-reply">
                <div className="ppc-reply-text">
                  <p className="ppc-completion-head">
                    <bdi className="ppc-completion-name">/{reply.shortcut}</bdi>{" "}
                    <bdi>{reply.title}</bdi>
                  </p>
                  <p className="ppc-completion-preview" dir="auto" lang={text?.language}>
                    {text?.body}
                  </p>
                  <p className="ppc-note">
                    {Object.keys(reply.bodies).map(nameOf).join(", ")}
                    {reply.team !== null && ` · ${reply.team}`}
                  </p>
                </div>
                {replies.mayEdit && (
                  <button
                    type="button"
                    className="ppc-link"
                    aria-label={strings.replies.edit(reply.title)}
                    onClick={() => setEdited(reply)}
                  >
                    {strings.replies.editShort}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
        {replies.mayEdit && (
          <div className="ppc-dialog-actions">
            <button type="button" className="ppc-button ppc-button-main" onClick={add}>
              {strings.replies.add}
            </button>
          </div>
        )}
      </div>
    </Dialog>
  );
}

interface ReplyFormProps {
  readonly tools: DeskTools;
  readonly reply: CannedReply;
  onDone(): void;
}

/** Edits one reply. */
function ReplyForm({ tools, reply, onDone }: ReplyFormProps) {
  const { replies, chat } = tools;
  const { strings } = usePortal();
  const texts = strings.replies;
  const [draft, setDraft] = useState(reply);
  const [isBusy, setBusy] = useState(false);
  const [isSure, setSure] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const isNew = !replies.all.some(({ id }) => id === reply.id);
  const teams = chat.directory.list?.teams ?? [];
  const used = Object.keys(draft.bodies);
  const change = (what: Partial<CannedReply>) => setDraft((before) => ({ ...before, ...what }));

  const run = async (work: () => ReturnType<typeof replies.save>) => {
    setBusy(true);
    setProblem(null);
    const outcome = await work();
    setBusy(false);
    if (outcome.ok) onDone();
    else setProblem(problemText(outcome.failure, texts));
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const bodies = Object.fromEntries(
      Object.entries(draft.bodies)
        .map(([language, body]) => [language, body.trim()])
        .filter(([, body]) => body !== ""),
    );
    const complete = {
      ...draft,
      shortcut: tagOf(draft.shortcut),
      title: draft.title.trim(),
      bodies,
    };
    if (complete.shortcut === "" || complete.title === "" || Object.keys(bodies).length === 0)
      setProblem(texts.incomplete);
    else void run(() => replies.save(complete));
  };

  return (
    <form className="ppc-reply-form" onSubmit={save}>
      <label>
        <span>{texts.shortcut}</span>
        <input
          // biome-ignore lint/a11y/noAutofocus: the dialog's first field
          autoFocus
          // For a dialog that opens with the form: React does not write the attribute.
          ref={(element) => element?.setAttribute("autofocus", "")}
          type="text"
          dir="ltr"
          value={draft.shortcut}
          maxLength={40}
          autoComplete="off"
          placeholder={texts.shortcutHint}
          onChange={({ target }) => change({ shortcut: target.value })}
        />
      </label>
      <label>
        <span>{texts.titleLabel}</span>
        <input
          type="text"
          value={draft.title}
          maxLength={100}
          autoComplete="off"
          onChange={({ target }) => change({ title: target.value })}
        />
      </label>
      {teams.length > 0 && (
        <label>
          <span>{texts.team}</span>
          <select
            value={draft.team ?? ""}
            onChange={({ target }) => change({ team: target.value || null })}
          >
            <option value="">{texts.allTeams}</option>
            {teams.map((team) => (
              <option key={team}>{team}</option>
            ))}
          </select>
        </label>
      )}
      {Object.entries(draft.bodies).map(([language, body]) => (
        <label key={language}>
          <span>{texts.text(nameOf(language))}</span>
          <textarea
            rows={4}
            dir="auto"
            lang={language}
            value={body}
            maxLength={MAX_CONTENT}
            onChange={({ target }) =>
              change({ bodies: { ...draft.bodies, [language]: target.value } })
            }
          />
        </label>
      ))}
      <label>
        <span>{texts.addLanguage}</span>
        <select
          value=""
          onChange={({ target }) => change({ bodies: { ...draft.bodies, [target.value]: "" } })}
        >
          <option value="" disabled>
            …
          </option>
          {LANGUAGES.filter((each) => !used.includes(each)).map((each) => (
            <option key={each} value={each} lang={each}>
              {nameOf(each)}
            </option>
          ))}
        </select>
      </label>
      <p className="ppc-note">{texts.variables}</p>
      <p className="ppc-reply-problem" role="alert">
        {problem ?? (isSure ? texts.deleteSure(reply.title) : null)}
      </p>
      <div className="ppc-dialog-actions">
        {!isNew && (
          <button
            type="button"
            className="ppc-button ppc-button-danger"
            aria-disabled={isBusy}
            onClick={() => {
              if (isBusy) return;
              if (isSure) void run(() => replies.delete(reply.id));
              else setSure(true);
            }}
          >
            {texts.delete}
          </button>
        )}
        <button type="button" className="ppc-button" onClick={onDone}>
          {texts.cancel}
        </button>
        <button type="submit" className="ppc-button ppc-button-main" aria-disabled={isBusy}>
          {isBusy ? texts.saving : texts.save}
        </button>
      </div>
    </form>
  );
}

const primary = (tag: string): string => tag.split("-")[0] ?? tag;

/** A language's name in that language; the tag where the browser knows none. */
function nameOf(language: string): string {
  try {
    return languageName(language);
  } catch {
    return language;
  }
}

function problemText(failure: Failure, texts: Strings["replies"]): string {
  if (isForbidden(failure)) return texts.notAllowed;
  return failure.kind === "refused" ? texts.refused(failure.detail) : texts.notSaved;
}
