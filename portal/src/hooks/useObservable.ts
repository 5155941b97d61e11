import { useSyncExternalStore } from "react";
import type { Observable } from "../core/observable.js";

const never = () => () => {};
const none = () => 0;

/** Renders again whenever `observable` changes. */
export function useObservable(observable: Observable | null): void {
  const { subscribe = never, version = none } = observable ?? {};
  useSyncExternalStore(subscribe, version, version);
}
