import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Attachments } from "../../core/attachments/attachments.js";
import type { LinkKey } from "../../core/attachments/links.js";
import type { Conversation } from "../../core/conversation/conversation.js";
import type { Entry } from "../../core/conversation/timeline.js";
import type { Attachment } from "../../core/types.js";
import { useAttachmentLink, useImageErrors } from "../../hooks/useAttachmentLink.js";
import { useFileStrings } from "../../hooks/useFileStrings.js";
import { useModal } from "../../hooks/useModal.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { isShownAsPicture } from "./frame.js";
import { LocalPicture } from "./LocalPicture.js";

interface Shown {
  readonly entry: Entry;
  readonly attachment: Attachment;
}

export interface ViewerProps {
  readonly attachments: Attachments;
  readonly conversation: Conversation;
  /** The picture that is shown first. */
  readonly first: string;
  readonly onClose: () => void;
}

/** Shows the pictures of a conversation's loaded messages, one at a time. */
export function Viewer({ attachments, conversation, first, onClose }: ViewerProps) {
  const { strings } = usePortal();
  const words = useFileStrings();
  const dialog = useRef<HTMLDialogElement>(null);
  useModal(dialog);
  const [pictures] = useState(() => picturesOf(conversation));
  const [chosen, setChosen] = useState(first);
  const index = Math.max(
    0,
    pictures.findIndex(({ attachment }) => attachment.attachmentId === chosen),
  );
  const shown = pictures[index];
  const show = (next: number) => {
    const id = pictures[next]?.attachment.attachmentId;
    if (id !== undefined) setChosen(id);
  };
  const press = (event: KeyboardEvent<HTMLElement>) => {
    const isMirrored = getComputedStyle(event.currentTarget).direction === "rtl";
    const steps = { ArrowRight: isMirrored ? -1 : 1, ArrowLeft: isMirrored ? 1 : -1 };
    const step = steps[event.key as keyof typeof steps];
    if (step === undefined) return;
    event.preventDefault();
    show(index + step);
  };
  if (shown === undefined) return null;
  const { name } = shown.attachment;
  const hasMany = pictures.length > 1;
  return (
    <dialog
      ref={dialog}
      className="ppc-viewer"
      aria-label={words.viewer}
      onClose={onClose}
      onKeyDown={press}
    >
      <header>
        <p className="ppc-viewer-name" role="status">
          <bdi>{name}</bdi>
          {hasMany && <span>{words.position(index + 1, pictures.length)}</span>}
        </p>
        <Download attachments={attachments} shown={shown} />
        <button type="button" className="ppc-icon-button" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
          <span className="ppc-hidden">{strings.settings.close}</span>
        </button>
      </header>
      <div className="ppc-viewer-body">
        <Large key={shown.attachment.attachmentId} attachments={attachments} shown={shown} />
      </div>
      {hasMany && (
        <>
          <Turn icon="previous" isOff={index === 0} onTurn={() => show(index - 1)} />
          <Turn icon="next" isOff={index === pictures.length - 1} onTurn={() => show(index + 1)} />
        </>
      )}
    </dialog>
  );
}

interface TurnProps {
  readonly icon: "previous" | "next";
  readonly isOff: boolean;
  readonly onTurn: () => void;
}

function Turn({ icon, isOff, onTurn }: TurnProps) {
  const words = useFileStrings();
  return (
    <button
      type="button"
      className={`ppc-viewer-turn ppc-viewer-${icon}`}
      aria-disabled={isOff}
      onClick={onTurn}
    >
      <Icon name={icon} />
      <span className="ppc-hidden">{words[icon]}</span>
    </button>
  );
}

interface ShownProps {
  readonly attachments: Attachments;
  readonly shown: Shown;
}

/** The whole picture; its thumbnail until it is loaded. */
function Large({ attachments, shown }: ShownProps) {
  const { strings } = usePortal();
  const words = useFileStrings();
  const { links } = attachments;
  const { name, width, height, attachmentId } = shown.attachment;
  const key = keyOf(shown);
  const link = useAttachmentLink(links, key);
  const errors = useImageErrors(links, key);
  const local = attachments.local(attachmentId);
  const { playerId, isStored } = key;
  useEffect(() => {
    if (local === null) links.request({ playerId, attachmentId, isStored });
  }, [links, local, playerId, attachmentId, isStored]);
  const isPortrait = width !== null && height !== null && height > width;
  const size = width === null || height === null ? {} : { width, height };
  const style = { aspectRatio: width === null || height === null ? undefined : width / height };
  if (local !== null)
    return (
      <span className="ppc-viewer-picture" data-portrait={isPortrait || undefined} style={style}>
        <LocalPicture blob={local} name={name} longest={4_096} />
      </span>
    );
  if (link?.state === "removed") return <p>{words.pictureRemoved}</p>;
  if (link?.state === "failed" || errors.hasFailed)
    return (
      <p>
        {words.unavailable}{" "}
        <button type="button" className="ppc-link" onClick={errors.again}>
          {strings.delivery.tryAgain}
        </button>
      </p>
    );
  if (link?.state !== "ready") return <p role="status">{strings.messages.loading}</p>;
  const { url, thumbnailUrl } = link.link;
  return (
    <img
      src={url}
      alt={name}
      className="ppc-viewer-picture"
      draggable={false}
      onError={errors.onError}
      // The thumbnail is in the browser's memory already.
      style={
        thumbnailUrl === null ? style : { ...style, backgroundImage: `url("${thumbnailUrl}")` }
      }
      {...size}
    />
  );
}

function Download({ attachments, shown }: ShownProps) {
  const words = useFileStrings();
  const { name } = shown.attachment;
  const link = useAttachmentLink(attachments.links, keyOf(shown));
  if (link?.state !== "ready") return null;
  return (
    <a
      className="ppc-icon-button"
      href={link.link.url}
      download={name}
      target="_blank"
      rel="noopener noreferrer"
    >
      <Icon name="download" />
      <span className="ppc-hidden">{words.downloadOf(name)}</span>
    </a>
  );
}

const keyOf = ({ entry, attachment }: Shown): LinkKey => ({
  playerId: entry.playerId,
  attachmentId: attachment.attachmentId,
  isStored: entry.source === "history",
});

/** The pictures of the loaded messages, the oldest first. */
function picturesOf({ timeline }: Conversation): readonly Shown[] {
  const pictures: Shown[] = [];
  for (let index = 0; index < timeline.length; index += 1) {
    const entry = timeline.at(index);
    for (const attachment of entry?.attachments ?? [])
      if (entry !== undefined && isShownAsPicture(attachment)) pictures.push({ entry, attachment });
  }
  return pictures;
}
