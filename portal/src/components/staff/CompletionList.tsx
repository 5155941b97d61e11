import { useEffect, useRef } from "react";
import type { CompletionState } from "./useCompletion.js";

interface CompletionListProps {
  readonly completion: CompletionState;
  readonly label: string;
  /** Announces the number of options. */
  readonly count: (count: number) => string;
}

/** The options at the cursor, above the field, which keeps the focus. */
export function CompletionList({ completion, label, count }: CompletionListProps) {
  const { options, active, listId, optionId, choose } = completion;
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another option is active
  useEffect(() => {
    list.current?.querySelector("[aria-selected='true']")?.scrollIntoView({ block: "nearest" });
  }, [active, options.length]);
  return (
    <>
      <p className="ppc-hidden" role="status">
        {options.length > 0 && count(options.length)}
      </p>
      {options.length > 0 && (
        <div className="ppc-completions" id={listId} ref={list} role="listbox" aria-label={label}>
          {options.map(({ id, name, detail, preview }, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
            <div
              key={id}
              id={optionId(index)}
              role="option"
              className="ppc-completion"
              aria-selected={index === active}
              // The field keeps the focus.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => choose(index)}
            >
              <p className="ppc-completion-head">
                <bdi className="ppc-completion-name">{name}</bdi> <bdi>{detail}</bdi>
              </p>
              {preview !== "" && (
                <p className="ppc-completion-preview" dir="auto">
                  {preview}
                </p>
              )}
            </div>
          ))}
        </div>
      )}
    </>
  );
}
