import { type KeyboardEvent, type SyntheticEvent, useId, useState } from "react";

/** Something that can be inserted in place of what the user has typed. */
export interface Completion {
  readonly id: string;
  /** Shown first. */
  readonly name: string;
  readonly detail: string;
  /** A line of the text that it inserts; empty for none. */
  readonly preview: string;
}

/** The word at the cursor, which begins with a sign such as `/`. */
export interface Trigger {
  /** The place of the sign. */
  readonly start: number;
  /** The place of the cursor. */
  readonly end: number;
  /** The word without the sign. */
  readonly query: string;
}

/** What a field needs to offer completions (ARIA APG, listbox popup). */
export interface CompletionState {
  /** The word at the cursor whose list is open; null for none. */
  readonly trigger: Trigger | null;
  readonly options: readonly Completion[];
  readonly active: number;
  readonly listId: string;
  readonly optionId: (index: number) => string;
  /** The properties of the field. */
  readonly field: {
    readonly "aria-autocomplete": "list";
    readonly "aria-haspopup": "listbox";
    readonly "aria-controls"?: string;
    readonly "aria-activedescendant"?: string;
    onSelect(event: SyntheticEvent<HTMLTextAreaElement>): void;
    onInput(event: SyntheticEvent<HTMLTextAreaElement>): void;
    onBlur(): void;
  };
  /** Handles a key of the field; true when it has. */
  onKey(event: KeyboardEvent<HTMLTextAreaElement>): boolean;
  choose(index: number): void;
  /** Closes the list of this word. */
  close(): void;
}

interface CompletionProps {
  readonly text: string;
  readonly sign: "/" | "@";
  /** The completions of a query; none closes the list. */
  readonly find: (query: string) => readonly Completion[];
  readonly onChoose: (completion: Completion, trigger: Trigger) => void;
}

const WORDS = { "/": /(?:^|\s)\/(\S*)$/, "@": /(?:^|[\s(])@(\S*)$/ };

/** The word with `sign` that ends at `caret`; null when there is none. */
export function triggerAt(text: string, caret: number, sign: "/" | "@"): Trigger | null {
  const query = WORDS[sign].exec(text.slice(0, caret))?.[1];
  return query === undefined ? null : { start: caret - query.length - 1, end: caret, query };
}

/** Offers completions while the cursor is at the end of a word that begins with `sign`. */
export function useCompletion({ text, sign, find, onChoose }: CompletionProps): CompletionState {
  const listId = useId();
  const [caret, setCaret] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  /** The place of the sign whose list the user has closed. */
  const [closed, setClosed] = useState<number | null>(null);
  // Right after a change the cursor may be that of the text before.
  const trigger = caret === null || caret > text.length ? null : triggerAt(text, caret, sign);
  const isOpen = trigger !== null && trigger.start !== closed;
  const options = isOpen ? find(trigger.query) : [];
  const index = Math.min(active, options.length - 1);
  const optionId = (at: number) => `${listId}-${at}`;

  const choose = (at: number) => {
    const option = options[at];
    if (trigger === null || option === undefined) return;
    setActive(0);
    setCaret(null);
    onChoose(option, trigger);
  };

  const close = () => setClosed(trigger?.start ?? null);

  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    if (options.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) setActive((index + step + options.length) % options.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(index);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    return true;
  };

  const follow = ({ currentTarget }: SyntheticEvent<HTMLTextAreaElement>) => {
    const { selectionStart, selectionEnd, value } = currentTarget;
    const at = selectionStart === selectionEnd ? selectionEnd : null;
    if (at !== caret) setActive(0);
    setCaret(at);
    // Another word may begin at the same place later.
    if (at === null || triggerAt(value, at, sign) === null) setClosed(null);
  };

  return {
    trigger: isOpen ? trigger : null,
    options,
    active: index,
    listId,
    optionId,
    field: {
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      ...(options.length === 0
        ? {}
        : { "aria-controls": listId, "aria-activedescendant": optionId(index) }),
      onSelect: follow,
      onInput: follow,
      onBlur: () => setCaret(null),
    },
    onKey,
    choose,
    close,
  };
}
