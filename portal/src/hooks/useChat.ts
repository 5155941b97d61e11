import { useEffect, useRef, useState } from "react";
import { Chat, type ChatOptions } from "../core/chat.js";
import { warn } from "../core/problems.js";

/** A chat that is open for as long as the component is there; null before it is. */
export function useChat(options: ChatOptions): Chat | null {
  const { apiUrl, identity, token = null, getToken = null, config = null, around } = options;
  const { role, subject, name } = identity;
  const [chat, setChat] = useState<Chat | null>(null);
  const onProblem = useRef(options.onProblem ?? null);
  useEffect(() => {
    onProblem.current = options.onProblem ?? null;
  });

  // A renewed token does not make another chat: it is handed to the one that there is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    const who = { role, subject, name };
    const opened = new Chat({
      apiUrl,
      identity: who,
      token,
      getToken,
      config,
      onProblem: (problem) => (onProblem.current ?? warn)(problem),
      ...(around === undefined ? {} : { around }),
    });
    setChat(opened);
    return () => {
      setChat(null);
      opened.close();
    };
  }, [apiUrl, role, subject, name, config, around]);

  // Until the effect has run, what is open is the chat of the user before.
  const isOf = chat?.identity.role === role && chat.identity.subject === subject;
  const current = isOf && chat.apiUrl === apiUrl ? chat : null;
  useEffect(() => current?.replaceToken(token, getToken), [current, token, getToken]);
  return current;
}
