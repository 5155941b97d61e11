import { useEffect, useRef, useState } from "react";
import { Chat, type ChatOptions } from "../core/chat.js";
import { warn } from "../core/problems.js";

/** A chat that is open while the component is mounted; null before. */
export function useChat(options: ChatOptions): Chat | null {
  const { apiUrl, identity, token = null, getToken = null, config = null, around } = options;
  const { typing = true } = options;
  const { role, subject, name } = identity;
  const [chat, setChat] = useState<Chat | null>(null);
  const onProblem = useRef(options.onProblem ?? null);
  useEffect(() => {
    onProblem.current = options.onProblem ?? null;
  });

  // A renewed token does not open another chat: `replaceToken` passes it on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const user = { role, subject, name };
    const opened = new Chat({
      apiUrl,
      identity: user,
      token,
      getToken,
      config,
      typing,
      onProblem: (problem) => (onProblem.current ?? warn)(problem),
      ...(around === undefined ? {} : { around }),
    });
    setChat(opened);
    return () => {
      setChat(null);
      opened.close();
    };
  }, [apiUrl, role, subject, name, config, typing, around]);

  // Until the effect has run, `chat` may belong to the previous user.
  const isUsers = chat?.identity.role === role && chat.identity.subject === subject;
  const current = isUsers && chat.apiUrl === apiUrl ? chat : null;
  useEffect(() => current?.replaceToken(token, getToken), [current, token, getToken]);
  return current;
}
