import { useRef } from "react";
import type { Attachments } from "../../core/attachments/attachments.js";
import type { LinkKey } from "../../core/attachments/links.js";
import { shownType } from "../../core/attachments/names.js";
import { type Entry, isSettled } from "../../core/conversation/timeline.js";
import type { Attachment } from "../../core/types.js";
import {
  useAttachmentLink,
  useImageErrors,
  useLinkWhenNear,
} from "../../hooks/useAttachmentLink.js";
import { useFileStrings } from "../../hooks/useFileStrings.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { download } from "./download.js";
import { isShownAsPicture } from "./frame.js";
import { LocalPicture } from "./LocalPicture.js";
import { UploadOverlay } from "./UploadOverlay.js";

export interface AttachmentContentProps {
  readonly attachments: Attachments;
  readonly entry: Entry;
  readonly attachment: Attachment;
  readonly onOpen: () => void;
  /** Takes the message back, while it is not sent. */
  readonly onCancel: () => void;
}

/** One file of a message: a picture, or a row with its name. */
export function AttachmentContent(props: AttachmentContentProps) {
  const { attachments, entry, attachment, onCancel } = props;
  const isSent = isSettled(entry);
  return (
    <>
      {isShownAsPicture(attachment) ? <Picture {...props} /> : <FileRow {...props} />}
      {!isSent && (
        <UploadOverlay
          attachments={attachments}
          file={attachment}
          failure={entry.delivery?.state === "refused" ? entry.delivery.failure : null}
          onCancel={onCancel}
        />
      )}
    </>
  );
}

const keyOf = ({ entry, attachment }: AttachmentContentProps): LinkKey => ({
  playerId: entry.playerId,
  attachmentId: attachment.attachmentId,
  isStored: entry.source === "history",
});

/** A picture: that of this page until a reload, then its thumbnail. */
function Picture(props: AttachmentContentProps) {
  const { attachments, attachment, onOpen } = props;
  const { name, width, height } = attachment;
  const { links } = attachments;
  const { strings } = usePortal();
  const words = useFileStrings();
  const place = useRef<HTMLButtonElement>(null);
  const key = keyOf(props);
  const local = attachments.local(attachment.attachmentId);
  const link = useAttachmentLink(links, key);
  const errors = useImageErrors(links, key);
  useLinkWhenNear(place, links, key, local === null);
  if (local === null && link?.state === "removed")
    return (
      <p className="ppc-attachment-gone">
        <Icon name="picture" />
        {words.pictureRemoved}
      </p>
    );
  if (local === null && (link?.state === "failed" || errors.hasFailed))
    return (
      <p className="ppc-attachment-gone">
        {words.unavailable}
        <button type="button" className="ppc-link" onClick={errors.again}>
          {strings.delivery.tryAgain}
        </button>
      </p>
    );
  return (
    <button
      ref={place}
      type="button"
      className="ppc-picture-open"
      data-loading={(local === null && link?.state !== "ready") || undefined}
      aria-label={words.open(name)}
      onClick={onOpen}
    >
      {local !== null ? (
        <LocalPicture blob={local} name={name} longest={640} />
      ) : (
        link?.state === "ready" && (
          <img
            src={link.link.thumbnailUrl ?? link.link.url}
            alt={name}
            decoding="async"
            draggable={false}
            onError={errors.onError}
            {...(width === null || height === null ? {} : { width, height })}
          />
        )
      )}
    </button>
  );
}

/** A file other than a picture: its name, type and size, and a button to download it. */
function FileRow(props: AttachmentContentProps) {
  const { attachments, entry, attachment } = props;
  const { name, contentType, size } = attachment;
  const { formats } = usePortal();
  const words = useFileStrings();
  const key = keyOf(props);
  const link = useAttachmentLink(attachments.links, key);
  const isRemoved = link?.state === "removed";
  return (
    <>
      <Icon name="file" />
      <span className="ppc-file-text">
        <bdi className="ppc-file-name">{name}</bdi>
        <span className="ppc-file-facts">
          {isRemoved ? (
            <span role="status">{words.fileRemoved}</span>
          ) : (
            <>
              {shownType(contentType)} · <bdi>{formats.size(size)}</bdi>
              {link?.state === "failed" && <span role="status"> · {words.unavailable}</span>}
            </>
          )}
        </span>
      </span>
      {isSettled(entry) && !isRemoved && (
        <button
          type="button"
          className="ppc-icon-button"
          onClick={() => void download(attachments.links, key, name)}
        >
          <Icon name="download" />
          <span className="ppc-hidden">{words.downloadOf(name)}</span>
        </button>
      )}
    </>
  );
}
