import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Conversation } from "../../core/conversation/conversation.js";
import { type EditProblem, SessionEdits } from "../../core/conversation/sessionEdits.js";
import { PRIORITIES, type Priority } from "../../core/types.js";
import type { DeskTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import type { Strings } from "../../strings/index.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";

interface TaggingProps {
  readonly tools: DeskTools;
  readonly conversation: Conversation;
}

/** The most tags that a session can have. */
const MAX_TAGS = 20;
/** The most suggestions in the list. */
const MAX_SUGGESTIONS = 8;

/** A tag as the gateway accepts it: small letters, digits and hyphens, 40 at most. */
export const tagOf = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-")
    .replace(/[^a-z0-9-]/g, "")
    .slice(0, 40);

/** The tags and the priority of the open session, which staff change here. */
export function Tagging({ tools, conversation }: TaggingProps) {
  useObservable(conversation);
  const { tagging } = usePortal().strings;
  const edits = useMemo(() => new SessionEdits(conversation), [conversation]);
  useObservable(edits);
  useEffect(() => edits.watch(), [edits]);
  const bar = useRef<HTMLElement>(null);
  const { session } = conversation;
  if (session === null) return null;
  const { tags, priority, isPending } = edits.facts(session);
  const remove = (tag: string) => {
    // The button disappears.
    bar.current?.querySelector<HTMLElement>(".ppc-tag-add")?.focus();
    void edits.change({ remove: [tag] });
  };
  return (
    <section className="ppc-tagging" ref={bar} aria-label={tagging.label}>
      <Priorities
        priority={priority}
        onChange={(chosen) => void edits.change({ priority: chosen })}
      />
      <ul className="ppc-tags" aria-label={tagging.tags} data-pending={isPending || undefined}>
        {tags.map((tag) => (
          <li key={tag} className="ppc-tag">
            <bdi>{tag}</bdi>
            <button type="button" className="ppc-tag-remove" onClick={() => remove(tag)}>
              <Icon name="close" />
              <span className="ppc-hidden">{tagging.remove(tag)}</span>
            </button>
          </li>
        ))}
      </ul>
      {tags.length < MAX_TAGS && (
        <AddTag tools={tools} tags={tags} onAdd={(tag) => void edits.change({ add: [tag] })} />
      )}
      <p className="ppc-tagging-problem" role="alert">
        {edits.problem !== null && problemText(edits.problem, tagging)}
      </p>
    </section>
  );
}

/** Why a change has no effect, with the field that the gateway refuses. */
function problemText(problem: EditProblem, tagging: Strings["tagging"]): string {
  if (!("failure" in problem)) return tagging[problem.kind];
  const { failure } = problem;
  if (failure.kind !== "refused") return tagging.failed;
  const field = failure.field?.split(/[.[]/)[0] ?? "";
  const name = tagging.fields[field] ?? tagging.label;
  return tagging.refused(name, failure.detail);
}

interface PrioritiesProps {
  readonly priority: Priority;
  onChange(priority: Priority): void;
}

function Priorities({ priority, onChange }: PrioritiesProps) {
  const { tagging } = usePortal().strings;
  return (
    <span className="ppc-priority-choice" data-priority={priority}>
      <select
        aria-label={tagging.priority}
        value={priority}
        onChange={({ target }) => onChange(target.value as Priority)}
      >
        {PRIORITIES.map((each) => (
          <option key={each} value={each}>
            {tagging.priorities[each]}
          </option>
        ))}
      </select>
    </span>
  );
}

interface AddTagProps {
  readonly tools: DeskTools;
  readonly tags: readonly string[];
  onAdd(tag: string): void;
}

/** A button that becomes a field with the known tags below it (ARIA APG, combobox). */
function AddTag({ tools, tags, onAdd }: AddTagProps) {
  const { directory } = tools.chat;
  useObservable(directory);
  const { tagging } = usePortal().strings;
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(-1);
  const button = useRef<HTMLButtonElement>(null);
  const list = useId();
  const hint = useId();
  const wanted = tagOf(text ?? "");
  const known = (directory.list?.tags ?? [])
    .filter((tag) => !tags.includes(tag) && tag.includes(wanted))
    .slice(0, MAX_SUGGESTIONS);
  const isOpen = text !== null && known.length > 0;
  const optionId = (index: number) => `${list}-${index}`;

  const close = () => {
    flushSync(() => setText(null));
    setActive(-1);
    button.current?.focus();
  };
  const add = (tag: string) => {
    if (tag !== "" && !tags.includes(tag)) onAdd(tag);
    close();
  };
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && known.length > 0)
      setActive((active + step + known.length + (active < 0 && step < 0 ? 1 : 0)) % known.length);
    else if (event.key === "Enter") add(known[active] ?? wanted);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (text === null)
    return (
      <button
        ref={button}
        type="button"
        className="ppc-tag-add"
        onClick={() => {
          directory.refresh();
          setText("");
        }}
      >
        <Icon name="plus" />
        <span>{tagging.add}</span>
      </button>
    );
  return (
    <div className="ppc-tag-field">
      <input
        // biome-ignore lint/a11y/noAutofocus: it replaces the button that had the focus
        autoFocus
        type="text"
        role="combobox"
        className="ppc-tag-add"
        value={text}
        maxLength={60}
        autoComplete="off"
        aria-label={tagging.newTag}
        aria-describedby={hint}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={list}
        aria-activedescendant={active >= 0 && isOpen ? optionId(active) : undefined}
        onChange={({ target }) => {
          setText(target.value);
          setActive(-1);
        }}
        onKeyDown={press}
        onBlur={() => setText(null)}
      />
      <span className="ppc-tag-hint" id={hint}>
        {tagging.newTagHint}
      </span>
      <span className="ppc-hidden" role="status">
        {isOpen && tagging.suggestionCount(known.length)}
      </span>
      <div
        id={list}
        className="ppc-completions ppc-tag-list"
        role="listbox"
        aria-label={tagging.suggestions}
        hidden={!isOpen}
      >
        {known.map((tag, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
          <div
            key={tag}
            id={optionId(index)}
            role="option"
            className="ppc-completion"
            aria-selected={index === active}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => add(tag)}
          >
            {tag}
          </div>
        ))}
      </div>
    </div>
  );
}
