import type { ChannelHandlers, Transport } from "../src/core/realtime/realtime.js";
import type { SimulatedSystem } from "./system.js";

const RECONNECT: readonly [number, number] = [200, 2_000];
const SUBSCRIBE: readonly [number, number] = [5, 60];

/** A connection to the simulated Pusher: like pusher-js, it comes back and subscribes again by itself. */
export class SimulatedTransport implements Transport {
  readonly #system: SimulatedSystem;
  readonly #wanted = new Map<string, ChannelHandlers>();
  readonly #subscribed = new Set<string>();
  readonly #lost = new Set<() => void>();
  #connected = false;
  #closed = false;
  /** It looks alive and brings nothing. */
  deaf = false;
  /** Events of this name nobody here knows of. */
  overlooks: string | null = null;

  constructor(system: SimulatedSystem) {
    this.#system = system;
    this.#connect(SUBSCRIBE);
  }

  subscribe(channel: string, handlers: ChannelHandlers): void {
    this.#wanted.set(channel, handlers);
    if (this.#connected) this.#ask(channel, handlers);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    this.#subscribed.delete(channel);
  }

  onLost(listener: () => void): void {
    this.#lost.add(listener);
  }

  reconnect(): void {
    this.lose();
  }

  close(): void {
    this.#closed = true;
    this.lose();
  }

  lose(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#subscribed.clear();
    for (const listener of this.#lost) listener();
    this.#connect(RECONNECT);
  }

  deliver(channel: string, name: string, data: unknown): void {
    const { faults } = this.#system;
    const times = 1 + (this.#system.chance(faults.repeatEvent) ? 1 : 0);
    if (this.deaf || name === this.overlooks || this.#system.chance(faults.loseEvent)) return;
    for (let time = 0; time < times; time += 1) {
      setTimeout(() => {
        if (!this.#subscribed.has(channel) || this.deaf) return;
        this.#wanted.get(channel)?.event(name, structuredClone(data));
      }, this.#system.between(faults.latency));
    }
  }

  #connect(times: readonly [number, number]): void {
    setTimeout(() => {
      if (this.#closed || this.#connected) return;
      if (this.#system.faults.pusherFails || this.#system.faults.networkFails) {
        this.#connect(RECONNECT);
        return;
      }
      this.#connected = true;
      for (const [channel, handlers] of this.#wanted) this.#ask(channel, handlers);
    }, this.#system.between(times));
  }

  #ask(channel: string, handlers: ChannelHandlers): void {
    setTimeout(() => {
      if (!this.#connected || this.#wanted.get(channel) !== handlers) return;
      if (this.#system.chance(this.#system.faults.ignoreSubscription)) return;
      if (this.#system.chance(this.#system.faults.refuseSubscription)) {
        handlers.refused();
      } else {
        this.#subscribed.add(channel);
        handlers.subscribed();
      }
    }, this.#system.between(SUBSCRIBE));
  }
}
