// Findings of drift: what differs, since when, what helps; and what somebody muted.
import { get } from "../api.ts";
import { ofTopic } from "../live.ts";
import { useLoad } from "../load.ts";
import { to } from "../route.ts";
import { counted, plain, shortened, type Health } from "../words.ts";
import type { Evidence, Judged } from "./answer.tsx";
import { Age, Failure, Mark, Name, Prose } from "./basics.tsx";

export type Severity = "critical" | "major" | "minor";
export const SEVERITIES: Severity[] = ["critical", "major", "minor"];
export interface Finding {
  _id: string;
  /** Of the object. */
  key?: string;
  environment: string;
  rule: string;
  severity: Severity;
  type: string;
  id: string;
  name: string;
  host?: string;
  project?: string;
  sentence: string;
  remedy?: string;
  since: string;
  evidence?: Evidence[];
  others?: { type: string; id: string; name: string; host?: string }[];
  muted?: { reason: string; until: string; by: string };
}
export interface DriftData extends Judged {
  findings: Finding[];
  counts: Partial<Record<Severity, number>>;
  truncated: boolean;
}

const HOW: Record<Severity, Health> = { critical: "bad", major: "bad", minor: "degraded" };

export const SeverityMark = ({ of }: { of: Severity }) => (
  <span class={`state ${HOW[of]}`}><Mark of={HOW[of]} /> {of}</span>
);

/** `1 critical, 3 minor`, each leading to these findings. */
export function SeverityCounts({ of, env }: { of: DriftData["counts"]; env?: string }) {
  const some = SEVERITIES.filter((one) => of[one]);
  return (
    <span class="line tight">
      {some.map((one) => (
        <a class="count" href={to(["drift"], { env, severity: one })}>
          <Mark of={HOW[one]} /> {of[one]} {one}
        </a>
      ))}
      {some.length ? null : <span class="soft">none</span>}
    </span>
  );
}

/** What a finding says, what helps, and on what it rests. */
export const FindingText = ({ of }: { of: Finding }) => (
  <div>
    <Prose of={of.sentence} />
    {of.remedy ? <p class="soft">What helps: <Prose of={of.remedy} /></p> : null}
    {of.others?.length ? (
      <p class="soft">
        Also about: {of.others.map((one, at) => (
          <>{at ? ", " : ""}{plain(one.type)} <a href={to(["search"], { q: one.id })}><Name of={shortened(one.name || one.id, 40)} /></a></>
        ))}
      </p>
    ) : null}
    {of.muted ? (
      <p class="note">
        Muted by <Name of={of.muted.by} /> until {new Date(of.muted.until).toLocaleString()}:{" "}
        <Name of={of.muted.reason} />
      </p>
    ) : null}
    {of.evidence?.length ? (
      <details>
        <summary class="soft">{counted(of.evidence.length, "piece")} of evidence</summary>
        <ul>
          {of.evidence.map((one) => (
            <li>
              {plain(one.source)} <Prose of={one.command} /> <Name of={one.line} />
              {one.host ? <> on <Name of={one.host} /></> : null}
              {one.read_at ? <>, read <Age of={one.read_at} /></> : null}
            </li>
          ))}
        </ul>
      </details>
    ) : null}
  </div>
);

/** Findings about one object, where there are any; without the text of those that `told` has. */
export function FindingsOf({ env, type, id, told }: { env: string; type: string; id: string; told: string[] }) {
  const found = useLoad<DriftData>(
    `findings of ${env} ${type} ${id}`,
    () => get("/drift", { env_name: env, type, id, limit: 20 }),
    { every: 60_000, on: ofTopic("drift", env) },
  );
  if (found.error) return <Failure of={found.error} again={found.again} />;
  if (!found.data?.findings.length) return null;
  return (
    <section class="problems" aria-label="Findings of drift">
      <h2>Where sources differ</h2>
      <ul>
        {found.data.findings.map((one) => (
          <li>
            <SeverityMark of={one.severity} />{" "}
            <span class="soft">
              <a href={to(["drift"], { env, rule: one.rule })}>{plain(one.rule)}</a>, since <Age of={one.since} words="" />
            </span>
            {told.includes(one.sentence) && !one.muted ? null : <FindingText of={one} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
