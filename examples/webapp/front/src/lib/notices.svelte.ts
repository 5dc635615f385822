// SPDX-License-Identifier: BSD-3-Clause
// Short notices at the edge of the page. What went well goes away by itself; what did not stays until it is closed.

import { said } from "./api";

export type Kind = "info" | "good" | "warn" | "bad";

export interface Shown {
  key: number;
  kind: Kind;
  text: string;
}

class Notices {
  shown = $state<Shown[]>([]);
  #last = 0;

  add(kind: Kind, text: string): void {
    const key = ++this.#last;
    this.shown = [...this.shown.slice(-4), { key, kind, text }];
    if (kind === "info" || kind === "good") setTimeout(() => this.close(key), 6000);
  }

  close(key: number): void {
    this.shown = this.shown.filter((each) => each.key !== key);
  }

  /** Does it, and says what went wrong. Gives whether it went well. */
  async of(doing: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await doing();
      if (done) this.add("good", done);
      return true;
    } catch (error) {
      this.add("bad", said(error));
      return false;
    }
  }
}

export const notices = new Notices();
