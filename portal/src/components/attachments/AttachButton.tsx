import { useRef } from "react";
import { useFileStrings } from "../../hooks/useFileStrings.js";
import { Icon } from "../Icon.js";

interface AttachButtonProps {
  /** The media types that the user can choose: no others, so that iPhones make JPEG of HEIC. */
  readonly types: readonly string[];
  /** Whether no files are taken now; the button then says why. */
  readonly isOff: boolean;
  /** Receives none where the button is off. */
  readonly onFiles: (files: readonly File[]) => void;
}

/** Opens the device's choice of files; on a phone, of its camera and pictures too. */
export function AttachButton({ types, isOff, onFiles }: AttachButtonProps) {
  const words = useFileStrings();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={acceptOf(types)}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file can be chosen again.
          currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
      <button
        type="button"
        className="ppc-attach"
        aria-disabled={isOff}
        title={words.attach}
        onClick={() => (isOff ? onFiles([]) : input.current?.click())}
      >
        <Icon name="clip" />
        <span className="ppc-hidden">{words.attach}</span>
      </button>
    </>
  );
}

/** Logs have no media type of their own. */
const acceptOf = (types: readonly string[]): string =>
  [...types, ...(types.includes("text/plain") ? [".log"] : [])].join(",");
