// SPDX-License-Identifier: BSD-3-Clause
// The time, once a second. Where the computer's clock differs from the server's, the server is right.

class Clock {
  now = $state(new Date());
  #ahead = 0; // ms that the server is ahead of this computer

  constructor() {
    setInterval(() => this.#tick(), 1000);
  }

  #tick(): void {
    this.now = new Date(Date.now() + this.#ahead);
  }

  /** From what the server said of now; half a second of difference is the network's. */
  heard(server: string): void {
    const ahead = Date.parse(server) - Date.now();
    if (Number.isFinite(ahead)) this.#ahead = Math.abs(ahead) > 500 ? ahead : 0;
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
