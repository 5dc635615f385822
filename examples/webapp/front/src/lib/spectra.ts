// SPDX-License-Identifier: BSD-3-Clause
// Live spectra as they come over the binary socket: what a frame holds, and a socket that comes back.

import { accessToken } from "./api";
import { pause, socketAddress } from "./live.svelte";

export interface LiveFrame {
  time: number; // unix s
  channels: number;
  first: number; // of the axis
  step: number;
  velocity: boolean; // the axis is km/s; else MHz
  kelvin: boolean;
  power: Float32Array; // the mean so far
  sigma: Float32Array;
  row: Float32Array | null; // what has come since the frame before: a line of the waterfall
}

const MAGIC = 0x43505341; // "ASPC"
const HEADER = 40; // bytes
const ENDED = 4000; // the socket's code when the observation has ended
const SPEED_OF_LIGHT = 299_792.458; // km/s

/** The arrays are views of the buffer, which is not copied. Null: not one of ours. */
export function frame(buffer: ArrayBuffer): LiveFrame | null {
  if (buffer.byteLength < HEADER) return null;
  const view = new DataView(buffer);
  const channels = view.getUint32(4, true);
  const flags = view.getUint32(36, true);
  const arrays = flags & 2 ? 3 : 2;
  if (view.getUint32(0, true) !== MAGIC || buffer.byteLength !== HEADER + arrays * 4 * channels) return null;
  const part = (index: number) => new Float32Array(buffer, HEADER + index * 4 * channels, channels);
  return {
    time: view.getFloat64(8, true),
    channels,
    first: view.getFloat64(16, true),
    step: view.getFloat64(24, true),
    velocity: view.getUint32(32, true) === 0,
    kelvin: (flags & 1) !== 0,
    power: part(0),
    sigma: part(1),
    row: flags & 2 ? part(2) : null,
  };
}

/** The other way to say where a channel lies: velocity (km/s, radio) and frequency (MHz) of a line that is at `rest` MHz. */
export const toFrequency = (velocity: number, rest: number) => rest * (1 - velocity / SPEED_OF_LIGHT);
export const toVelocity = (frequency: number, rest: number) => SPEED_OF_LIGHT * (1 - frequency / rest);

/** The axis of so many channels; `frequency` says in what, `rest` of which line. */
export function axis(channels: number, first: number, step: number, velocity: boolean, frequency: boolean, rest: number): Float64Array<ArrayBuffer> {
  const values = new Float64Array(channels);
  for (let index = 0; index < channels; index += 1) {
    const value = first + index * step;
    values[index] = velocity === !frequency ? value : frequency ? toFrequency(value, rest) : toVelocity(value, rest);
  }
  return values;
}

/** Opens the socket of an observation; gives how to close it. */
export function watchSpectra(id: string, told: (frame: LiveFrame) => void): () => void {
  let wanted = true;
  let socket: WebSocket | null = null;
  let timer = 0;
  let attempt = 0;

  async function open(): Promise<void> {
    const token = await accessToken();
    if (!wanted) return;
    socket = new WebSocket(socketAddress(`/ws/spectra?id=${encodeURIComponent(id)}`), token ? [`bearer.${token}`] : []);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => (attempt = 0);
    socket.onmessage = (event) => {
      const given = event.data instanceof ArrayBuffer ? frame(event.data) : null;
      if (given) told(given);
    };
    socket.onclose = (event) => {
      if (event.code === ENDED) return;
      if (wanted) timer = window.setTimeout(() => void open(), pause(attempt++));
    };
  }

  void open();
  return () => {
    wanted = false;
    clearTimeout(timer);
    socket?.close();
  };
}
