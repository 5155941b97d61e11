import {
  type ChangeEvent,
  type ClipboardEvent,
  type KeyboardEvent,
  type Ref,
  type TextareaHTMLAttributes,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { MAX_CONTENT } from "../core/api/limits.js";
import type { Drafts } from "../core/drafts.js";
import type { Typing } from "../core/presence/typing.js";
import { isReadable } from "../core/readable.js";
import type { ComposerFiles } from "../hooks/useComposerFiles.js";
import { useDroppedFiles } from "../hooks/useDroppedFiles.js";
import { useObservable } from "../hooks/useObservable.js";
import { isComposing } from "../hooks/useShortcuts.js";
import { Icon } from "./Icon.js";
import { lengthOf, withoutControls } from "./messageText.js";
import { usePortal } from "./PortalContext.js";

interface ComposerProps {
  readonly ref?: Ref<HTMLTextAreaElement>;
  readonly drafts: Drafts;
  /** Receives each change that the user makes; null where no other may see that the user types. */
  readonly typing: Typing | null;
  readonly playerId: string;
  readonly placeholder: string;
  readonly onSend: (content: string) => void;
  readonly onEscape?: () => void;
  /** What the text is; by default a message. */
  readonly texts?: ComposerTexts;
  /** Further properties of the field. */
  readonly field?: FieldProps;
  /** Handles a key before the composer does; true when it has. */
  readonly onKey?: (event: KeyboardEvent<HTMLTextAreaElement>) => boolean;
  /** The files of the message; null where it takes none. */
  readonly files?: ComposerFiles | null;
  /** Why it takes no files; by default that none can be sent. */
  readonly noFiles?: string;
  /** Whether the content may be sent; asked when the user wants to send it. */
  readonly maySend?: (content: string) => boolean;
}

/** The names of the composer's parts. */
export interface ComposerTexts {
  readonly label: string;
  readonly send: string;
}

type FieldProps = Pick<
  TextareaHTMLAttributes<HTMLTextAreaElement>,
  | "aria-activedescendant"
  | "aria-autocomplete"
  | "aria-controls"
  | "aria-describedby"
  | "aria-haspopup"
  | "onBlur"
  | "onCopy"
  | "onCut"
  | "onInput"
  | "onPaste"
  | "onSelect"
>;

/** The rest is shown when this many characters are left. */
const WARN_AT = 200;

/** The field in which the user writes a message. */
export function Composer(props: ComposerProps) {
  const { ref, drafts, typing, playerId, placeholder, onSend, onEscape } = props;
  const { onKey, maySend = () => true, field: more = {}, files = null } = props;
  useObservable(drafts);
  const { strings } = usePortal();
  const texts = props.texts ?? strings.composer;
  const draft = drafts.of(playerId);
  const setDraft = (text: string) => drafts.change(playerId, text);
  const [hasFiles, setHasFiles] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  // An on-screen keyboard has no Shift+Enter: there Enter makes a new line, and the button sends.
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const keys = useId();
  const left = MAX_CONTENT - lengthOf(draft);
  const isOnlyFiles = draft.trim() === "" && files !== null && files.count > 0;
  const isBlocked = files?.isBlocked ?? false;
  const canSend = (isReadable(draft) || isOnlyFiles) && left >= 0 && !isBlocked;
  const addFiles = (added: readonly File[]) => {
    setHasFiles(files === null);
    files?.add(added);
    if (files !== null) field.current?.focus();
  };
  useGrowing(field, draft);
  useDroppedFiles(field, addFiles);

  const send = () => {
    if (isBlocked) files?.explain("blocked");
    if (!canSend) return;
    const content = withoutControls(draft).trim();
    if (!maySend(content)) return;
    onSend(content);
    setDraft("");
    setHasFiles(false);
    field.current?.focus();
  };

  const change = ({ target }: ChangeEvent<HTMLTextAreaElement>) => {
    const { value, selectionEnd } = target;
    const text = withoutControls(value);
    setHasFiles(false);
    files?.edited();
    typing?.edited(text);
    if (text === value) {
      setDraft(text);
      return;
    }
    // The cursor stays behind what was pasted.
    const cursor = withoutControls(value.slice(0, selectionEnd)).length;
    flushSync(() => setDraft(text));
    target.setSelectionRange(cursor, cursor);
  };

  const paste = (event: ClipboardEvent<HTMLTextAreaElement>) => {
    more.onPaste?.(event);
    const pasted = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    // Programs copy a table or a text as a picture, too; with a file, systems copy its name.
    if (pasted.length === 0 || (text !== "" && text !== pasted[0]?.name)) return;
    event.preventDefault();
    addFiles(pasted);
  };

  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // Enter that ends an IME composition does not send.
    if (isComposing(event.nativeEvent) || onKey?.(event)) return;
    const sends = isTouch ? event.ctrlKey || event.metaKey : !event.shiftKey;
    if (event.key === "Enter" && sends) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && onEscape !== undefined) {
      event.preventDefault();
      onEscape();
    }
  };

  return (
    <form
      className="ppc-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {files?.list(field)}
      <div className="ppc-field" data-files={files !== null || undefined}>
        {files?.button(addFiles)}
        <textarea
          {...more}
          ref={(element) => {
            field.current = element;
            if (typeof ref === "function") ref(element);
            else if (ref) ref.current = element;
          }}
          rows={1}
          dir="auto"
          value={draft}
          placeholder={placeholder}
          enterKeyHint={isTouch ? "enter" : "send"}
          aria-label={texts.label}
          aria-describedby={`${more["aria-describedby"] ?? ""} ${keys}`}
          aria-invalid={left < 0}
          onChange={change}
          onBlur={(event) => {
            typing?.stop();
            more.onBlur?.(event);
          }}
          onPaste={paste}
          onKeyDown={press}
        />
        <button type="submit" className="ppc-send" aria-disabled={!canSend}>
          <Icon name="send" />
          <span className="ppc-hidden">{texts.send}</span>
        </button>
      </div>
      <p className="ppc-hidden" id={keys}>
        {isTouch ? strings.composer.hintTouch : strings.composer.hint}
      </p>
      <p className="ppc-no-files" role="status">
        {hasFiles && (props.noFiles ?? strings.composer.noFiles)}
      </p>
      <p className="ppc-count" role="status" data-over={left < 0 || undefined}>
        {left < 0
          ? strings.composer.tooLong(-left)
          : left <= WARN_AT && strings.composer.left(left)}
      </p>
    </form>
  );
}

/** Fits the field's height to its text, up to the maximum of the style sheet. */
function useGrowing(field: { current: HTMLTextAreaElement | null }, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
