// Two ends of a path as people write them, and the environment that has both.
import { get } from "../api.ts";
import type { AnswerData } from "./answer.tsx";

export interface Hit {
  _id: string;
  environment: string;
  type: string;
  id: string;
  name: string;
  host?: string;
  match: string;
  state?: string;
  status?: string;
  stale_since?: string;
  name_path?: string;
}
export interface Found {
  items: Hit[];
  more: boolean;
}
export interface Ends {
  env: string;
  from: string;
  to: string;
  proto?: string;
  port?: string;
}

export const search = (of: string) => get<Found>("/search", { q: of.slice(0, 200), limit: 20 });

/** What to ask for: the id of the one thing that has this name, else the words as they are. A name
 * may be longer than a question.
 */
function meant(words: string, found: Found, env: string): string {
  const named = found.items.filter((hit) => hit.environment === env && hit.name === words);
  return named.length === 1 ? named[0]!.id : words.slice(0, 500);
}

/** The ends in this environment, or in the one that has both; null where nothing is found. */
export async function endsOf(env: string, from: string, to: string): Promise<Ends | null> {
  const both = await Promise.all([search(from), search(to)]);
  const [first, other] = both.map((one) => one.items.map((hit) => hit.environment));
  const name = env || (first!.find((one) => other!.includes(one)) ?? first![0] ?? other![0]);
  if (!name) return null;
  return { env: name, from: meant(from, both[0]!, name), to: meant(to, both[1]!, name) };
}

/** A question for `/path`, as it stands in the address. */
export const pathQuery = ({ env, ...rest }: Ends) => ({ env_name: env, ...rest });

export const askPath = (ends: Ends) => get<AnswerData>("/path", pathQuery(ends));
