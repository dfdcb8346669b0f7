// The start page: what a ticket says leads to the object.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.ts";
import { ofEnvironment } from "../live.ts";
import { useLoad } from "../load.ts";
import { AnswerView } from "../parts/answer.tsx";
import { Age, Empty, Failure, Name, State } from "../parts/basics.tsx";
import { askPath, endsOf, search, type Found } from "../parts/ends.ts";
import { Healths } from "../parts/health.tsx";
import { go, place, to } from "../route.ts";
import { shortened } from "../words.ts";
import type { Line } from "./environments.tsx";

/** `A to B` asks for two things. */
export const asked = (text: string): string[] =>
  text.split(/\s+(?:to|->|→)\s+/i).map((word) => word.trim()).filter(Boolean).slice(0, 2);

export function Search() {
  const words = place.value.query.get("q") ?? "";
  const [text, setText] = useState(words);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  useEffect(() => {
    if (words !== text.trim()) setText(words);
  }, [words]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text.trim() !== words) go(to(["search"], { q: text.trim() }), true);
    }, 150);
    return () => clearTimeout(timer);
  }, [text]);
  const things = asked(words);
  return (
    <>
      <h1>Search</h1>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const [from, end] = asked(text);
          if (end) go(to(["path"], { from, to: end }));
        }}
      >
        <label class="unseen" for="q">
          Name, id, MAC, IP, network or host; or A to B
        </label>
        <input
          id="q"
          ref={box}
          type="search"
          value={text}
          maxLength={200}
          placeholder="web-12, 10.0.3.7, fa:16:3e…, or A to B"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "ArrowDown") return;
            event.preventDefault();
            const first = text.trim() ? ".found .hits a" : ".hits a"; // not one that goes in a moment
            document.querySelector<HTMLElement>(first)?.focus();
          }}
        />
      </form>
      {things.length === 0 ? <Start /> : null}
      {things.length > 1 ? <Between key={words} from={things[0]!} to={things[1]!} /> : null}
      {things.map((thing) => (
        <Hits key={thing} of={thing} titled={things.length > 1} />
      ))}
    </>
  );
}

const RECENT = "calipso-recent";
const MOST_RECENT = 8;

/** What was searched for in this browser and led to an object, the newest first. */
function recent(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

function remember(words: string): void {
  const all = [words, ...recent().filter((one) => one !== words)].slice(0, MOST_RECENT);
  try {
    localStorage.setItem(RECENT, JSON.stringify(all));
  } catch {
    // A browser that stores nothing forgets them.
  }
}

/** Nothing is asked yet: what may be asked, what was asked, and how the environments are. */
function Start() {
  const found = useLoad<{ items: Line[] }>("overview", () => get("/overview"), {
    every: 30_000,
    on: ofEnvironment(),
  });
  const asked = recent();
  return (
    <>
      <Empty>
        Type what the ticket says: a name, an id, a MAC or IP address, a network, a host. Press{" "}
        <kbd>/</kbd> on any page to come back here.
      </Empty>
      {asked.length ? (
        <p class="line">
          Recent: {asked.map((words) => <a href={to(["search"], { q: words })}><Name of={shortened(words, 40)} /></a>)}
        </p>
      ) : null}
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      {found.data?.items.length === 0 ? (
        <p>
          There is nothing to search yet: <a href={to(["environments"])}>add an environment</a>.
        </p>
      ) : null}
      {found.data?.items.length ? (
        <section aria-label="Your environments">
          <h2>Your environments</h2>
          <ul class="hits">
            {found.data.items.slice(0, 20).map((line) => (
              <li>
                <a href={to(["environment", line.environment])}>
                  <strong><Name of={line.environment} /></strong>
                  <Healths of={line.healths} />
                  <span class="soft where">
                    {line.last_scan ? <>scanned <Age of={line.last_scan.ended} /></> : "never scanned"}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {found.data.items.length > 20 ? <a href={to(["environments"])}>All environments</a> : null}
        </section>
      ) : null}
    </>
  );
}

/** `A to B`: do packets get from one to the other, in the environment that has both? */
function Between({ from, to: end }: { from: string; to: string }) {
  const found = useLoad(`path ${from} ${end}`, async () => {
    const ends = await endsOf("", from, end);
    return ends && { ...ends, answer: await askPath(ends) };
  });
  if (found.error) return <Failure of={found.error} again={found.again} />;
  if (found.loading) return <p class="soft" role="status">Following the packets…</p>;
  if (!found.data) return null;
  return (
    <>
      <h2>
        <Name of={from} /> to <Name of={end} /> in <Name of={found.data.env} />
      </h2>
      <p>
        <a href={to(["path"], { env: found.data.env, from, to: end })}>Follow the packets</a>: both
        ways as a picture or a table, with a protocol and port.
      </p>
      <AnswerView of={found.data.answer} />
    </>
  );
}

function Hits({ of, titled }: { of: string; titled: boolean }) {
  const found = useLoad<Found>(`search ${of}`, () => search(of));
  const walk = (event: KeyboardEvent) => {
    const links = [...document.querySelectorAll<HTMLElement>(".hits a")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    (links[at + step] ?? document.getElementById("q"))?.focus();
  };
  return (
    <section class="found" aria-label={`Found for ${of}`}>
      {titled ? <h2><Name of={of} /></h2> : null}
      {found.error ? <Failure of={found.error} again={found.again} /> : null}
      <p class="unseen" role="status">
        {found.data ? `${found.data.items.length} found` : ""}
      </p>
      {found.data?.items.length === 0 ? (
        <Empty>
          Nothing has this name, id or address in the environments you may view. A part of it is
          enough; what was made after the last scan is not known yet.
        </Empty>
      ) : null}
      <ol class="hits" onKeyDown={walk}>
        {found.data?.items.map((hit) => (
          <li>
            <a href={to(["object", hit._id])} onClick={() => remember(of)}>
              <span class="kind">{hit.type}</span>
              <strong>
                <Name of={shortened(hit.name || hit.id, 80)} />
              </strong>
              <State of={hit} />
              <span class="soft where">
                {hit.host ? <>on <Name of={hit.host} /> · </> : null}
                <Name of={hit.environment} />
              </span>
            </a>
          </li>
        ))}
      </ol>
      {found.data?.more ? <p class="note">More match; type more of the name.</p> : null}
    </section>
  );
}
