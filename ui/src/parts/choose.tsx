// Choices that several pages have: an environment, and things that are sent by a button.
import { get } from "../api.ts";
import { useLoad } from "../load.ts";
import type { Page } from "./basics.tsx";
import { Select } from "./form.tsx";

/** Names of the environments somebody may view. */
export function useEnvironments(): string[] {
  const found = useLoad<Page<{ name: string }>>("names", () =>
    get("/environment_configs", { fields: "name", limit: 500 }));
  return (found.data?.items ?? []).map(({ name }) => name);
}

/** One environment, or all of them. */
export function EnvironmentChoice({ value, all = "all" }: { value: string; all?: string }) {
  const names = useEnvironments();
  const known = value && !names.includes(value) ? [value, ...names] : names;
  return (
    <Select label="Environment" name="env" value={value} choices={[
      ["", all],
      ...known.map((name): [string, string] => [name, name]),
    ]} />
  );
}

/** Hours from now, for mutes and silences. */
export const SPANS: [string, string][] = [
  ["1", "1 hour"], ["4", "4 hours"], ["24", "1 day"], ["72", "3 days"], ["168", "7 days"], ["720", "30 days"],
];

/** The time so many hours ago, in UTC; empty for none. */
export const ago = (hours: string) =>
  hours ? new Date(Date.now() - Number(hours) * 3_600_000).toISOString() : "";
