// An environment while it is filled in: text of fields, and what of it is sent. No imports of
// pages; tested by `node --test`.

export interface Field {
  name: string;
  kind: "text" | "number" | "boolean" | "choice" | "secret" | "path" | "json";
  about: string;
  required: boolean;
  common: boolean;
  default: unknown;
  choices: string[];
}
export interface Form {
  name: string;
  about: string;
  needed: boolean;
  tested: boolean;
  fields: Field[];
}
export type Section = Record<string, unknown> & { name: string };
export interface Environment {
  name: string;
  distribution?: string;
  distribution_version?: string;
  mechanism_drivers?: string[];
  type_drivers?: string;
  listen?: boolean;
  enable_monitoring?: boolean;
  configuration: Section[];
}
/** Values as they stand in the form: section -> field -> text or tick. */
export type Draft = Record<string, Record<string, string | boolean>>;

export const MASK = "********";
export const MAIN = ["distribution", "distribution_version", "type_drivers"] as const;

/** The form's values of a stored environment; secrets are left empty. */
export function draftOf(stored: Environment, forms: Form[]): Draft {
  const draft: Draft = {};
  for (const section of stored.configuration) {
    const form = forms.find((one) => one.name === section.name);
    const values: Record<string, string | boolean> = {};
    for (const field of form?.fields ?? []) {
      const value = section[field.name];
      if (value === undefined || value === MASK) continue;
      if (field.kind === "boolean") values[field.name] = Boolean(value);
      else values[field.name] = field.kind === "json" ? JSON.stringify(value) : String(value);
    }
    draft[section.name] = values;
  }
  return draft;
}

/** A value as it is sent; undefined for an empty field. Raises SyntaxError for what is no JSON. */
export function sent(field: Field, value: string | boolean | undefined): unknown {
  if (field.kind === "boolean") return value === undefined ? undefined : Boolean(value);
  const text = typeof value === "string" ? value.trim() : "";
  if (!text) return undefined;
  if (field.kind === "number") return Number.isNaN(Number(text)) ? text : Number(text);
  return field.kind === "json" ? JSON.parse(text) : text;
}

/** A whole section, as it is added or tested. */
export function section(form: Form, values: Record<string, string | boolean> = {}): Section {
  const found: Section = { name: form.name };
  for (const field of form.fields) {
    const value = sent(field, values[field.name]);
    if (value !== undefined && !(value === false && !field.default)) found[field.name] = value;
  }
  return found;
}

/** What changed of a stored section: null for what was taken away; null without a change. */
export function changed(form: Form, stored: Section, values: Record<string, string | boolean>): Section | null {
  const found: Section = { name: form.name };
  for (const field of form.fields) {
    const value = sent(field, values[field.name]);
    const old = stored[field.name];
    if (field.kind === "secret" && value === undefined) continue; // empty: the stored one stays
    if (value === undefined && old !== undefined) found[field.name] = null;
    else if (value !== undefined && JSON.stringify(value) !== JSON.stringify(old)) {
      if (value === false && old === undefined) continue;
      found[field.name] = value;
    }
  }
  return Object.keys(found).length > 1 ? found : null;
}
