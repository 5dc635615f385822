// SPDX-License-Identifier: BSD-3-Clause
// The pictures of a multipart stream. An <img> could show the stream, but sends no token; this is fetched with one.

const FIRST = 64 * 1024;
const LARGEST = 16 * 1024 * 1024;

/** Calls `show` with each picture until the stream ends or is stopped. */
export async function readFrames(answer: Response, show: (picture: Blob) => void): Promise<void> {
  if (!answer.body) throw new Error("the camera sent nothing");
  const reader = answer.body.getReader();
  let kept = new Uint8Array(FIRST);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (length + value.length > kept.length) {
      if (length + value.length > LARGEST) throw new Error("a picture of the camera is larger than 16 MiB");
      const more = new Uint8Array(Math.max(kept.length * 2, length + value.length));
      more.set(kept.subarray(0, length));
      kept = more;
    }
    kept.set(value, length);
    length += value.length;
    for (let part = nextPart(kept.subarray(0, length)); part; part = nextPart(kept.subarray(0, length))) {
      show(new Blob([kept.slice(part.begin, part.end)], { type: part.type }));
      kept.copyWithin(0, part.end, length);
      length -= part.end;
    }
  }
}

/** The first whole part: its headers end at an empty line and name its length. */
function nextPart(bytes: Uint8Array): { begin: number; end: number; type: string } | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(bytes.length, 4096)));
  const found = /content-length:\s*(\d+)/i.exec(head);
  if (!found) return null;
  const blank = head.indexOf("\r\n\r\n", found.index);
  if (blank < 0) return null;
  const begin = blank + 4;
  const end = begin + Number(found[1]);
  if (end > bytes.length) return null;
  return { begin, end, type: /content-type:\s*(image\/[\w+.-]+)/i.exec(head)?.[1] ?? "image/jpeg" };
}
