// The environments wizard: what a cloud is, how to reach each of its sources, and a live test.
import { useState } from "preact/hooks";
import { address, call, edits, get } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Age, Empty, Failure, Name, State, Table, Waiting, type Page } from "../../parts/basics.tsx";
import { Check, Delete, Sent, useSend } from "../../parts/form.tsx";
import { go, place, to } from "../../route.ts";
import { plain } from "../../words.ts";
import { mayAdd, startScan } from "../environments.tsx";
import { changed, draftOf, section, type Draft, type Environment, type Form, type Section } from "./draft.ts";
import { MainForm, SectionForm, type Main } from "./sections.tsx";
import { Tests, type Ask } from "./tests.tsx";

/** Sections that are offered besides those that an environment needs. */
const OFFERED = ["AMQP", "ACI", "OVN", "Monitoring"];
const TITLES: Record<string, string> = { OpenStack: "API", mysql: "Database", CLI: "Hosts (SSH)" };

export function EnvironmentsSetUp() {
  const found = useLoad<Page<Environment & { last_scanned?: string; scanned: boolean }>>(
    "set up environments",
    () => get("/environment_configs", { limit: 500 }),
  );
  if (!found.data) return found.error ? <Failure of={found.error} again={found.again} /> : <Waiting />;
  const rows = found.data.items;
  return (
    <>
      <h1>Environments</h1>
      {mayAdd() ? (
        <p><a class="button" href={to(["admin", "environments", "new"])}>Add an environment</a></p>
      ) : null}
      {rows.length ? (
        <Table
          label="Environments"
          name="environments"
          rows={rows}
          columns={[
            {
              title: "Name",
              cell: (row) => edits(row.name)
                ? <a href={to(["admin", "environments", row.name])}><Name of={row.name} /></a>
                : <Name of={row.name} />,
              text: (row) => row.name,
            },
            {
              title: "Cloud",
              cell: (row) => plain(`${row.distribution ?? ""} ${row.distribution_version ?? ""}`),
              text: (row) => row.distribution ?? "",
            },
            {
              title: "Drivers",
              cell: (row) => plain((row.mechanism_drivers ?? []).join(", ")),
              text: (row) => (row.mechanism_drivers ?? []).join(", "),
            },
            {
              title: "Sources",
              cell: (row) => plain(row.configuration.map((one) => one.name).join(", ")),
              text: (row) => row.configuration.map((one) => one.name).join(", "),
            },
            {
              title: "Last scan",
              cell: (row) => row.scanned ? <Age of={row.last_scanned} /> : <State of={{}} word="never" />,
              text: (row) => row.last_scanned ?? "",
            },
          ]}
        />
      ) : <Empty>There is no environment that you may view.</Empty>}
    </>
  );
}

export function EnvironmentSettings({ name }: { name: string }) {
  const fresh = name === "new";
  const forms = useLoad<{ items: Form[] }>("sections", () => get("/environment_sections"));
  const stored = useLoad<Environment | null>(`environment ${name}`, async () =>
    fresh ? null : get<Environment>(`/environment_configs/${encodeURIComponent(name)}`));
  const wrong = forms.error ?? stored.error;
  if (!forms.data || stored.data === undefined) return wrong ? <Failure of={wrong} /> : <Waiting />;
  return (
    <Wizard
      key={name}
      forms={forms.data.items}
      stored={stored.data}
      again={stored.again}
    />
  );
}

function Wizard({ forms, stored, again }: { forms: Form[]; stored: Environment | null; again: () => void }) {
  const [main, setMain] = useState<Main>({
    name: stored?.name ?? "",
    distribution: stored?.distribution ?? "",
    distribution_version: stored?.distribution_version ?? "",
    mechanism_drivers: stored?.mechanism_drivers ?? ["OVS"],
    type_drivers: stored?.type_drivers ?? "vxlan",
    listen: stored?.listen ?? false,
    enable_monitoring: stored?.enable_monitoring ?? false,
  });
  const [draft, setDraft] = useState<Draft>(() =>
    stored ? draftOf(stored, forms) : { OpenStack: {}, mysql: {}, CLI: {} });
  const saving = useSend();
  const kept = new Map((stored?.configuration ?? []).map((one) => [one.name, one]));
  const shown = forms.filter((form) => form.needed || OFFERED.includes(form.name) || kept.has(form.name));
  const tabs = ["main", ...shown.map((form) => form.name)];
  const asked = place.value.query.get("tab") ?? "main";
  const tab = tabs.includes(asked) ? asked : "main";
  const form = shown.find((one) => one.name === tab);
  const path = ["admin", "environments", stored?.name ?? "new"];
  const next = tabs[tabs.indexOf(tab) + 1];
  const filledIn = shown.filter((one) => draft[one.name]);
  const whole = () => ({
    ...main,
    configuration: filledIn.map((one) => section(one, draft[one.name])),
  });

  const save = () =>
    saving.send(async () => {
      if (!stored) {
        await call("POST", address("/environment_configs"), whole());
        go(to(["admin", "environments", main.name], { tab }));
        return;
      }
      const { name, ...rest } = main;
      const configuration = filledIn
        .map((one) => kept.has(one.name) ? changed(one, kept.get(one.name)!, draft[one.name]!) : section(one, draft[one.name]))
        .filter((one): one is Section => one !== null);
      await call("PATCH", address(`/environment_configs/${encodeURIComponent(name)}`), { ...rest, configuration });
      again();
    }, "Saved.");

  /** What to test: the whole draft when it is new, otherwise the sections that were changed. */
  const ask = (targets: string[]): Ask => ({
    environment: main.name,
    test_targets: targets,
    ...(stored
      ? {
          targets_configuration: filledIn
            .filter((one) => targets.includes(one.name))
            .filter((one) => !kept.has(one.name) || changed(one, kept.get(one.name)!, draft[one.name]!))
            .map((one) => section(one, draft[one.name])),
        }
      : { environment_config: whole() }),
  });
  const set = (name: string, value: string | boolean) =>
    setDraft((old) => ({ ...old, [tab]: { ...old[tab], [name]: value } }));
  const testable = filledIn.filter((one) => one.tested && one.name !== "Monitoring").map((one) => one.name);
  return (
    <>
      <h1>{stored ? <>Settings of <Name of={stored.name} /></> : "Add an environment"}</h1>
      <nav class="tabs" aria-label="Parts of the environment">
        {tabs.map((one) => (
          <a href={to(path, { tab: one })} aria-current={one === tab ? "page" : undefined}>
            {one === "main" ? "The cloud" : TITLES[one] ?? one}
            {one !== "main" && !draft[one] ? <span class="soft"> (none)</span> : null}
          </a>
        ))}
      </nav>
      <form
        class="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        {form ? (
          <SectionForm form={form} values={draft[form.name]} stored={kept.get(form.name)} set={set}
            begin={() => setDraft((old) => ({ ...old, [form.name]: {} }))} />
        ) : <MainForm main={main} set={(more) => setMain((old) => ({ ...old, ...more }))} fixed={Boolean(stored)} />}
        <p class="line">
          {next ? <a class="button" href={to(path, { tab: next })}>Next: {TITLES[next] ?? next}</a> : null}
          <button type="submit" class="main" disabled={saving.busy}>
            {stored ? "Save" : "Add the environment"}
          </button>
        </p>
        <Sent of={saving} />
      </form>
      <Tests ask={ask} all={testable} one={form && testable.includes(form.name) ? form.name : undefined} />
      {stored ? <Rest name={stored.name} remove={form && !form.needed && kept.has(form.name) ? form.name : undefined} again={again} /> : null}
    </>
  );
}

/** Scan it, remove a section, delete it. */
function Rest({ name, remove, again }: { name: string; remove?: string; again: () => void }) {
  const sending = useSend();
  const path = `/environment_configs/${encodeURIComponent(name)}`;
  const [data, setData] = useState(false);
  return (
    <>
      <p class="line">
        <button type="button" disabled={sending.busy} onClick={() => sending.send(() => startScan(name))}>
          Scan it now
        </button>
        <a href={to(["admin", "schedules"], { env: name })}>Its schedules</a>
        <a href={to(["environment", name])}>Its overview</a>
        {remove ? (
          <button type="button" disabled={sending.busy}
            onClick={() => sending.send(async () => {
              await call("DELETE", address(`${path}/configuration/${remove}`));
              go(to(["admin", "environments", name], { tab: "main" }));
              again();
            }, `Section ${remove} is removed.`)}>
            Remove section {remove}
          </button>
        ) : null}
      </p>
      <Sent of={sending} />
      <Delete
        what="environment"
        name={name}
        act={async () => {
          await call("DELETE", address(path, { with_data: data }));
          go(to(["environments"]));
        }}
      >
        <Check label="Also delete all that scans found of it" checked={data} onInput={setData} />
      </Delete>
    </>
  );
}
