// SPDX-License-Identifier: BSD-3-Clause
// All that is asked of the server goes through here. The access token lives in memory only; what outlives a
// reload is the cookie that only /api/auth sees.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Record<string, string> = {}, // of a 422: what is wrong with which field
  ) {
    super(message);
  }
}

interface Wrong {
  loc: (string | number)[];
  msg: string;
}

export interface Answer {
  access_token: string;
  expires_in: number;
}

let access = "";
let until = 0; // ms of performance.now()
let refreshing: Promise<boolean> | null = null;
let whenOut: () => void = () => {};
let whenIn: (answer: Answer) => void = () => {};

/** Told when a session begins or is renewed, and when it has ended without our doing. */
export function watchSession(into: (answer: Answer) => void, out: () => void): void {
  whenIn = into;
  whenOut = out;
}

export function begin(answer: Answer): void {
  access = answer.access_token;
  until = performance.now() + answer.expires_in * 1000;
  whenIn(answer);
}

export function forget(): void {
  access = "";
  until = 0;
}

/** A token that still holds for a while, or "" when nobody is signed in. */
export async function accessToken(): Promise<string> {
  if (access && performance.now() > until - 20_000) await refresh();
  return access;
}

/** A new token by the cookie. Two tabs must not do it at once: a token used twice ends the session. */
export function refresh(): Promise<boolean> {
  refreshing ??= (navigator.locks ? navigator.locks.request("refresh", () => renew()) : renew()).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function renew(again = true): Promise<boolean> {
  let response: Response;
  try {
    // The new cookie must arrive even if the page is left meanwhile: the old one is worth nothing any more.
    response = await fetch("/api/auth/refresh", { method: "POST", credentials: "same-origin", keepalive: true });
  } catch {
    return false; // the server is away; the session may still hold
  }
  if (response.status === 409 && again) {
    await new Promise((done) => setTimeout(done, 1000)); // another tab was a moment before us; the cookie is new
    return renew(false);
  }
  if (response.ok) {
    begin((await response.json()) as Answer);
    return true;
  }
  if (response.status === 401 || response.status === 403) {
    forget();
    whenOut();
  }
  return false;
}

function reason(status: number, detail: unknown): ApiError {
  if (typeof detail === "string") return new ApiError(status, detail);
  if (Array.isArray(detail)) {
    const fields: Record<string, string> = {};
    for (const wrong of detail as Wrong[]) fields[String(wrong.loc.at(-1))] = wrong.msg;
    const text = Object.entries(fields).map(([name, message]) => `${name}: ${message}`);
    return new ApiError(status, text.join("; ") || "the server did not understand the request", fields);
  }
  return new ApiError(status, `the server answered ${status}`);
}

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const token = await accessToken();
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "the control room does not answer: is the network there, and the server running?");
  }
}

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response = await send(method, path, body, signal);
  // A token may be revoked before its time; then once more with a new one.
  if (response.status === 401 && access && (await refresh())) response = await send(method, path, body, signal);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  let given: unknown = null;
  try {
    given = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(response.status, `the server answered ${response.status} with something that is not JSON`);
  }
  if (!response.ok) throw reason(response.status, (given as { detail?: unknown } | null)?.detail);
  return given as T;
}

type Query = Record<string, string | number | boolean | null | undefined>;

/** `path?a=1`, without what is null or undefined. */
export function address(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null) given.set(name, String(value));
  const text = given.toString();
  return text ? `${path}?${text}` : path;
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", address(path, query), undefined, signal),
  post: <T>(path: string, body?: unknown, signal?: AbortSignal) => request<T>("POST", path, body, signal),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, body),
  delete: <T = void>(path: string) => request<T>("DELETE", path),
};

/** What to tell people of an error. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
