import { useRef } from "react";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";

interface AttachButtonProps {
  /** The media types that the user can choose: no others, so that iPhones make JPEG of HEIC. */
  readonly types: readonly string[];
  /** Whether no files are taken now; the button then says why. */
  readonly isOff: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onRefused: () => void;
}

/** Opens the device's choice of files; on a phone, of its camera and pictures too. */
export function AttachButton({ types, isOff, onFiles, onRefused }: AttachButtonProps) {
  const { strings } = usePortal();
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
        title={strings.attachments.attach}
        onClick={() => (isOff ? onRefused() : input.current?.click())}
      >
        <Icon name="clip" />
        <span className="ppc-hidden">{strings.attachments.attach}</span>
      </button>
    </>
  );
}

/** Logs have no media type of their own. */
const acceptOf = (types: readonly string[]): string =>
  [...types, ...(types.includes("text/plain") ? [".log"] : [])].join(",");
