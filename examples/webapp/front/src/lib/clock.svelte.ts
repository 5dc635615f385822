// SPDX-License-Identifier: BSD-3-Clause
// The observatory's time, once a second: a computer's clock may be wrong, and a simulated night runs faster.

class Clock {
  now = $state(new Date());
  #theirs = Date.now();
  #heard = Date.now();
  #speed = 1;

  constructor() {
    setInterval(() => {
      this.now = new Date(this.#theirs + (Date.now() - this.#heard) * this.#speed);
    }, 1000);
  }

  /** From what the server said of now. Half a second of difference is the network's. */
  heard(server: string, speed = 1): void {
    const theirs = Date.parse(server);
    if (!Number.isFinite(theirs)) return;
    this.#heard = Date.now();
    this.#theirs = speed === 1 && Math.abs(theirs - this.#heard) < 500 ? this.#heard : theirs;
    this.#speed = speed;
  }
}

export const clock = new Clock();

/** Local mean sidereal time, degrees: Capitaine et al. 2003 (A&A 412, 567), with UTC for UT1: good to a second of time. */
export function siderealTime(time: Date, longitude: number): number {
  const days = time.getTime() / 86_400_000 - 10957.5; // since J2000.0
  const centuries = (days + 69.2 / 86_400) / 36_525;
  const turned = 360 * (0.779057273264 + 1.00273781191135448 * days);
  const precessed = (0.014506 + 4612.156534 * centuries + 1.3915817 * centuries ** 2) / 3600;
  return (((turned + precessed + longitude) % 360) + 360) % 360;
}
