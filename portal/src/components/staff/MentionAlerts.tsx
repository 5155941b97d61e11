import { useCallback, useEffect } from "react";
import type { NewMention } from "../../core/notes/mentions.js";
import { type Alert, useAlerts } from "../../hooks/useAlerts.js";
import { type DeskTools, useTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import { usePageFocus } from "../../hooks/usePageFocus.js";
import type { Preferences } from "../../hooks/usePreferences.js";
import { useSteady } from "../../hooks/useSteady.js";
import { Announcer } from "../Announcer.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";

interface MentionAlertsProps {
  readonly preferences: Preferences;
  /** The conversation on the screen; null for none. */
  readonly chosen: string | null;
  /** A player's name, as the inbox has it; null for none. */
  readonly nameOf: (playerId: string) => string | null;
  readonly onOpen: (playerId: string) => void;
}

/** Announces the notes that mention the user. */
export function MentionAlerts(props: MentionAlertsProps) {
  const tools = useTools();
  return tools === null ? null : <Alerts tools={tools} {...props} />;
}

function Alerts(props: MentionAlertsProps & { readonly tools: DeskTools }) {
  const { tools, preferences, chosen, nameOf, onOpen } = props;
  const { mentions } = tools.notes;
  useObservable(mentions);
  const { strings } = usePortal();
  const hasFocus = usePageFocus();
  const count = chosen === null ? 0 : mentions.of(chosen);
  useEffect(() => {
    if (chosen !== null && hasFocus && count > 0) mentions.seen(chosen);
  }, [mentions, chosen, hasFocus, count]);

  const textOf = useCallback(
    ({ playerId, authorName, content }: NewMention) => {
      const author = authorName ?? strings.staff.colleague;
      const player = nameOf(playerId) ?? playerId;
      return content === null
        ? strings.notes.mentionedIn(author, player)
        : strings.notes.mentioned(author, player, content);
    },
    [strings, nameOf],
  );
  const listen = useCallback(
    (alert: (what: Alert) => void) =>
      mentions.onMention((mention) =>
        alert({
          title: strings.notes.badge,
          text: textOf(mention),
          tag: `player-portal-chat/note/${mention.playerId}`,
          id: `staff/${tools.chat.identity.subject}/${mention.id}`,
          onClick: () => onOpen(mention.playerId),
        }),
      ),
    [mentions, strings, textOf, tools, onOpen],
  );
  useAlerts(preferences, listen);
  const announce = useCallback(
    (say: (text: string) => void) => mentions.onMention((mention) => say(textOf(mention))),
    [mentions, textOf],
  );
  return <Announcer listen={announce} />;
}

interface MentionNoticesProps {
  /** The conversation on the screen; null for none. */
  readonly chosen: string | null;
  /** A player's name, as the inbox has it; null for none. */
  readonly nameOf: (playerId: string) => string | null;
  readonly onOpen: (playerId: string) => void;
  /** Moves the focus, since the button disappears. */
  onDismissed(): void;
}

/** The conversations in which a note mentions the user, each until it is opened or dismissed. */
export function MentionNotices(props: MentionNoticesProps) {
  const { chosen, nameOf, onOpen, onDismissed } = props;
  const tools = useTools();
  const mentions = tools?.notes.mentions ?? null;
  useObservable(mentions);
  const { notes, staff } = usePortal().strings;
  const shown = useSteady(mentions?.all.filter(({ playerId }) => playerId !== chosen) ?? []);
  if (shown.length === 0) return null;
  return (
    <ul className="ppc-desk-notices" aria-label={notes.mentionNotices}>
      {shown.map(({ playerId, authorName }) => {
        const author = authorName ?? staff.colleague;
        const text = notes.mentionedIn(author, nameOf(playerId) ?? playerId);
        return (
          <li key={playerId}>
            <button type="button" className="ppc-link" onClick={() => onOpen(playerId)}>
              <span className="ppc-item-mention" aria-hidden="true">
                @
              </span>
              <span dir="auto">{text}</span>
            </button>
            <button
              type="button"
              className="ppc-icon-button"
              onClick={() => {
                mentions?.seen(playerId);
                onDismissed();
              }}
            >
              <Icon name="close" />
              <span className="ppc-hidden">{notes.dismiss(text)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** How many notes of a conversation mention the user, in its row; none where there are none. */
export function MentionBadge({ playerId }: { readonly playerId: string }) {
  const tools = useTools();
  useObservable(tools?.notes.mentions ?? null);
  const { notes } = usePortal().strings;
  const count = tools?.notes.mentions.of(playerId) ?? 0;
  if (count === 0) return null;
  return (
    <span className="ppc-item-mention">
      <span aria-hidden="true">@</span>
      <span className="ppc-hidden">, {notes.mentions(count)}</span>
    </span>
  );
}
