// SPDX-License-Identifier: BSD-3-Clause
// The live socket: points and messages in batches. It comes back by itself; what is shown changes once a frame at most.

import { SvelteMap } from "svelte/reactivity";
import { accessToken } from "./api";

export interface Point {
  id: string;
  value: unknown;
  timestamp: string;
  unit?: string | null;
  quality?: string;
}

export interface Message {
  id: string;
  value: unknown;
  timestamp: string;
}

type Frame = ({ type: "data" } & Point) | ({ type: "message" } & Message) | { error: string };

const BATCHES = "astro.batch.v1";

class Live {
  latest = new SvelteMap<string, Point>();
  connected = $state(false);

  #socket: WebSocket | null = null;
  #wanted = false;
  #attempt = 0;
  #timer = 0;
  #fresh = new Map<string, Point>();
  #frame = 0;
  #messages = new Map<string, Set<(message: Message) => void>>();
  #points = new Set<(point: Point) => void>();

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#open();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
    this.connected = false;
    this.latest.clear();
    this.#fresh.clear();
  }

  /** Every message with this id ("alarm", "observation", "command_result", ...). Gives how to end it. */
  onMessage(id: string, told: (message: Message) => void): () => void {
    const set = this.#messages.get(id) ?? new Set();
    this.#messages.set(id, set.add(told));
    return () => set.delete(told);
  }

  /** Every point as it comes, for charts; what shows only the newest value reads `latest`. */
  onPoint(told: (point: Point) => void): () => void {
    this.#points.add(told);
    return () => this.#points.delete(told);
  }

  async #open(): Promise<void> {
    const token = await accessToken();
    if (!this.#wanted) return;
    const socket = new WebSocket(socketAddress("/ws"), token ? [BATCHES, `bearer.${token}`] : [BATCHES]);
    this.#socket = socket;
    socket.onopen = () => {
      this.connected = true;
      this.#attempt = 0;
      socket.send(JSON.stringify({ type: "subscribe", ids: null, batch: true }));
    };
    socket.onmessage = (event) => this.#take(event.data as string);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.connected = false;
      this.#socket = null;
      if (this.#wanted) this.#timer = window.setTimeout(() => void this.#open(), pause(this.#attempt++));
    };
  }

  #take(text: string): void {
    const given = JSON.parse(text) as Frame | Frame[];
    for (const each of Array.isArray(given) ? given : [given]) {
      if ("error" in each) continue; // of a command that was sent here: whoever sent it hears of it by its fate
      if (each.type === "data") {
        this.#fresh.set(each.id, each);
        for (const told of this.#points) told(each);
      } else {
        for (const told of this.#messages.get(each.id) ?? []) told(each);
      }
    }
    // A page in the background gets no frames: then the map waits, and keeps one value for each id.
    if (this.#fresh.size > 0) this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show(): void {
    this.#frame = 0;
    for (const [id, point] of this.#fresh) this.latest.set(id, point);
    this.#fresh.clear();
  }
}

export function socketAddress(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** Milliseconds to wait: 0.5 s doubled up to 15 s, spread so that not all come back at once after a restart. */
export function pause(attempt: number): number {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.7 + 0.6 * Math.random());
}

export const live = new Live();
