import { useSyncExternalStore } from "react";
import type { Observable } from "../core/observable.js";

/** Renders anew whenever `observable` changes. */
export function useObservable(observable: Observable): void {
  useSyncExternalStore(observable.subscribe, observable.version, observable.version);
}
