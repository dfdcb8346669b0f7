// Data of a view: loaded when its address changes, again on request, kept while it is loaded anew.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

export interface Loaded<T> {
  data?: T;
  error?: ApiError;
  loading: boolean;
  at?: Date;
  again: () => void;
}

export function useLoad<T>(name: string, read: () => Promise<T>, every = 0): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "again"> & { name?: string }>({
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    let timer = 0;
    const run = () => {
      read().then(
        (data) => current && setState({ data, loading: false, at: new Date(), name }),
        (error) => {
          if (!current) return;
          const told = error instanceof ApiError ? error : new ApiError(0, String(error));
          setState((old) => ({
            ...(old.name === name ? old : {}),
            error: told,
            loading: false,
            name,
          }));
          if (told.status === 0 && !every) timer = window.setTimeout(run, 3000);
        },
      ).finally(() => {
        if (current && every) timer = window.setTimeout(run, every);
      });
    };
    setState((old) => (old.name === name ? { ...old, loading: true } : { loading: true }));
    run();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [name, turn]);
  return { ...state, again: () => setTurn((old) => old + 1) };
}
