// The forms of the wizard: what a cloud is, and how one of its sources is reached.
import { useEffect, useState } from "preact/hooks";
import { get, isAdmin } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Empty } from "../../parts/basics.tsx";
import { Check, Input, Select } from "../../parts/form.tsx";
import { plain } from "../../words.ts";
import type { Field, Form, Section } from "./draft.ts";

export interface Main {
  name: string;
  distribution: string;
  distribution_version: string;
  mechanism_drivers: string[];
  type_drivers: string;
  listen: boolean;
  enable_monitoring: boolean;
}

function useWords(name: string): string[] {
  const found = useLoad<{ data?: { value: string }[] }>(`constant ${name}`, () => get(`/constants/${name}`));
  return (found.data?.data ?? []).map((word) => String(word.value));
}

export function MainForm({ main, set, fixed }: { main: Main; set: (more: Partial<Main>) => void; fixed: boolean }) {
  const distributions = useWords("distributions");
  const drivers = useWords("mechanism_drivers");
  const tick = (driver: string, on: boolean) =>
    set({ mechanism_drivers: on ? [...main.mechanism_drivers, driver] : main.mechanism_drivers.filter((one) => one !== driver) });
  const all = [...new Set([...drivers, ...main.mechanism_drivers])];
  return (
    <>
      <Input label="Name" name="name" value={main.name} required disabled={fixed} onInput={(name) => set({ name })}
        hint={fixed ? "The name cannot be changed." : "What people call this cloud: letters, digits, dots, dashes, spaces."} />
      <Select label="Distribution" name="distribution" value={main.distribution} onInput={(distribution) => set({ distribution })}
        choices={[["", "another one"], ...distributions.map((one): [string, string] => [one, one])]}
        hint="It decides whether tools run in containers, and which clique types apply." />
      <Input label="Version of the distribution" name="distribution_version" value={main.distribution_version}
        onInput={(distribution_version) => set({ distribution_version })} />
      <fieldset>
        <legend>Mechanism drivers of Neutron</legend>
        {all.map((driver) => (
          <Check label={plain(driver)} checked={main.mechanism_drivers.includes(driver)} onInput={(on) => tick(driver, on)} />
        ))}
      </fieldset>
      <Input label="Type drivers" name="type_drivers" value={main.type_drivers} onInput={(type_drivers) => set({ type_drivers })}
        hint="vxlan, vlan, gre, flat, local; several with commas." />
      <Check label="Listen to notifications" hint="needs the section AMQP" checked={main.listen} onInput={(listen) => set({ listen })} />
      <Check label="Monitor it" checked={main.enable_monitoring} onInput={(enable_monitoring) => set({ enable_monitoring })} />
    </>
  );
}

export function SectionForm({ form, values, stored, set, begin }: {
  form: Form;
  values?: Record<string, string | boolean>;
  stored?: Section;
  set: (name: string, value: string | boolean) => void;
  begin: () => void;
}) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [form.name]);
  if (!values)
    return (
      <>
        <p>{plain(form.about)}</p>
        <Empty>This environment has no such section, and it does not need one.</Empty>
        <p><button type="button" onClick={begin}>Fill it in</button></p>
      </>
    );
  const one = (field: Field) => (
    <SectionField key={`${form.name} ${field.name}`} field={field} value={values[field.name]}
      stored={stored?.[field.name] !== undefined} set={(value) => set(field.name, value)} />
  );
  const rare = form.fields.filter((field) => !field.common);
  return (
    <>
      <p>{plain(form.about)}</p>
      {form.fields.filter((field) => field.common).map(one)}
      {rare.length ? (
        <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{rare.length} more fields, which few clouds need</summary>
          {rare.map(one)}
        </details>
      ) : null}
    </>
  );
}

function SectionField({ field, value, stored, set }: {
  field: Field;
  value?: string | boolean;
  stored: boolean;
  set: (value: string | boolean) => void;
}) {
  const preset = field.default === "" || field.default === null ? "" : String(field.default);
  if (field.kind === "boolean")
    return <Check label={<code>{field.name}</code>} hint={plain(field.about)} name={field.name}
      checked={value === undefined ? Boolean(field.default) : Boolean(value)} onInput={set} />;
  const common = {
    label: field.name,
    name: field.name,
    hint: plain(field.about),
    required: field.required && !(field.kind === "secret" && stored),
    value: typeof value === "string" ? value : "",
    onInput: set,
  };
  if (field.kind === "choice")
    return <Select {...common} value={common.value || preset} choices={field.choices} />;
  const locked = field.kind === "path" && !isAdmin();
  return (
    <Input
      {...common}
      kind={field.kind === "secret" ? "password" : field.kind === "number" ? "number" : "text"}
      complete={field.kind === "secret" ? "new-password" : "off"}
      placeholder={field.kind === "secret" && stored ? "stored; type to replace it" : preset}
      disabled={locked}
      hint={locked ? `${plain(field.about)} Only an admin sets paths of files.` : common.hint}
    />
  );
}
