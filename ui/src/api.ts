// Calls of the API. Errors carry the API's hint; a session that ended leads to the login.
import { signal } from "@preact/signals";
import { knowsPast } from "./past.ts";
import { place } from "./route.ts";

export interface Session {
  name: string;
  role: "admin" | "operator" | "viewer";
  grants: Record<string, string>;
  csrf: string;
}

/** undefined: not asked yet; null: nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);

/** When the API stopped to answer; null while it does. */
export const lostSince = signal<Date | null>(null);

export interface Detail {
  field: string;
  message: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;
  /** Which fields of what was sent are wrong. */
  readonly details: Detail[];
  constructor(status: number, message: string, hint = "", details: Detail[] = []) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.details = details;
  }
}

/** True for admins, and operators with `edit` on the environment or on all. */
export function edits(environment: string): boolean {
  const who = session.value;
  if (!who || who.role === "viewer") return false;
  const given = [who.grants["*"], who.grants[environment]];
  return who.role === "admin" || given.includes("edit");
}

export const isAdmin = () => session.value?.role === "admin";

/** Values of a query; a list is sent as one key for each of its words. */
type Values = Record<string, string | number | boolean | undefined | string[]>;

/** Where to ask; of the time that the page shows, where the resource knows the past. */
export function address(path: string, values: Values = {}): string {
  const query = new URLSearchParams();
  const at = place.peek().query.get("at");
  if (at && knowsPast(path)) query.set("at", at);
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== "") query.append(name, String(one));
  }
  const text = query.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = session.value?.csrf ?? "";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    lostSince.value ??= new Date();
    throw new ApiError(0, "The API does not answer.", "It is asked again by itself.");
  }
  lostSince.value = null;
  if (answer.status === 204) return undefined as T;
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told as T;
  if (answer.status === 401 && session.value) session.value = null;
  const error = told.error ?? told;
  throw new ApiError(answer.status, error.message ?? answer.statusText, error.hint ?? "", error.details ?? []);
}

export const get = <T>(path: string, values: Values = {}) => call<T>("GET", address(path, values));

export async function whoAmI(): Promise<void> {
  try {
    session.value = await get<Session>("/auth/sessions");
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) setTimeout(whoAmI, 3000);
    else session.value = null;
  }
}

export async function logIn(username: string, password: string): Promise<void> {
  session.value = await call<Session>("POST", address("/auth/sessions"), { username, password });
}

export async function logOut(): Promise<void> {
  await call("DELETE", address("/auth/sessions"));
  session.value = null;
}
