// Forms: a field with its name, its meaning and its fault; sending; deleting by name.
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { plain } from "../words.ts";
import { Failure, Name } from "./basics.tsx";

/** With `onInput` the value is that of the view; without it, what is typed stays typed. */
interface FieldOf {
  label: string;
  name: string;
  value?: string;
  hint?: ComponentChildren;
  required?: boolean;
  disabled?: boolean;
  onInput?: (value: string) => void;
}

/** A line of text, a number, a date or a secret. */
export function Input(given: FieldOf & { kind?: "text" | "number" | "password" | "time" | "datetime-local"; placeholder?: string; complete?: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{given.label}</label>
      <input
        id={id}
        name={given.name}
        type={(given.kind ?? "text") as "text"}
        step={given.kind === "number" ? "any" : undefined}
        {...(given.onInput ? { value: given.value } : { defaultValue: given.value })}
        required={given.required}
        disabled={given.disabled}
        placeholder={given.placeholder}
        autocomplete={(given.complete ?? "off") as "off"}
        spellcheck={false}
        aria-describedby={given.hint ? `${id}-hint` : undefined}
        onInput={(event) => given.onInput?.(event.currentTarget.value)}
      />
      {given.hint ? <span class="soft" id={`${id}-hint`}>{given.hint}</span> : null}
    </div>
  );
}

/** One of some words. */
export function Select(given: FieldOf & { choices: readonly (string | [string, string])[] }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{given.label}</label>
      <select
        id={id}
        name={given.name}
        {...(given.onInput ? { value: given.value } : {})}
        required={given.required}
        disabled={given.disabled}
        aria-describedby={given.hint ? `${id}-hint` : undefined}
        onChange={(event) => given.onInput?.(event.currentTarget.value)}
      >
        {given.choices.map((choice) => {
          const [value, word] = typeof choice === "string" ? [choice, choice] : choice;
          const first = !given.onInput && value === given.value;
          return <option value={value} selected={first || undefined}>{plain(word) || "(none)"}</option>;
        })}
      </select>
      {given.hint ? <span class="soft" id={`${id}-hint`}>{given.hint}</span> : null}
    </div>
  );
}

/** Yes or no. */
export function Check({ label, hint, checked, name, onInput, disabled }: {
  label: ComponentChildren;
  hint?: ComponentChildren;
  checked?: boolean;
  name?: string;
  disabled?: boolean;
  onInput?: (value: boolean) => void;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        {...(onInput ? { checked } : { defaultChecked: checked })}
        disabled={disabled}
        onChange={(event) => onInput?.(event.currentTarget.checked)}
      />
      <span>{label} {hint ? <span class="soft">{hint}</span> : null}</span>
    </label>
  );
}

/** Send something: while it is sent, and what came of it. */
export function useSend() {
  const [state, set] = useState<{ busy: boolean; error?: ApiError; done?: string }>({ busy: false });
  const send = async <T,>(act: () => Promise<T>, done = ""): Promise<T | undefined> => {
    set({ busy: true });
    try {
      const answer = await act();
      set({ busy: false, done });
      return answer;
    } catch (failure) {
      const error = failure instanceof ApiError ? failure : new ApiError(0, String(failure));
      set({ busy: false, error });
      return undefined;
    }
  };
  return { ...state, send, clear: () => set({ busy: false }) };
}

/** What came of sending. */
export function Sent({ of }: { of: { busy: boolean; error?: ApiError; done?: string } }) {
  if (of.error) return <Failure of={of.error} />;
  return <p class="soft" role="status">{of.busy ? "Sending…" : (of.done ?? "")}</p>;
}

/** Delete something: its name has to be typed. */
export function Delete({ what, name, act, children }: {
  what: string;
  name: string;
  act: () => Promise<unknown>;
  children?: ComponentChildren;
}) {
  const [typed, setTyped] = useState("");
  const sending = useSend();
  return (
    <details class="delete">
      <summary>Delete this {what}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) sending.send(act);
        }}
      >
        {children}
        <Input
          label={`Type the name of the ${what} to delete it`}
          name="confirm"
          hint={<Name of={name} />}
          onInput={setTyped}
        />
        <button type="submit" class="danger" disabled={typed !== name || sending.busy}>
          Delete <Name of={name} />
        </button>
        <Sent of={sending} />
      </form>
    </details>
  );
}

/** The text of a form by the names of its fields; fields without text are left out. */
export function filled(form: EventTarget | null): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of new FormData(form as HTMLFormElement)) {
    if (typeof value === "string" && value.trim()) found[name] = value.trim();
  }
  return found;
}
