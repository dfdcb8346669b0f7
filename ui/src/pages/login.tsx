import { useState } from "preact/hooks";
import { ApiError, logIn } from "../api.ts";
import { Failure } from "../parts/basics.tsx";

export function Login() {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setError(null);
    try {
      await logIn(String(form.get("username")), String(form.get("password")));
    } catch (failure) {
      setError(failure as ApiError);
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <h1>Calipso</h1>
      <form onSubmit={send}>
        <label>
          Name
          <input name="username" autocomplete="username" required autofocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" class="main" disabled={busy}>
          Log in
        </button>
        {error ? <Failure of={error} /> : null}
      </form>
    </main>
  );
}
