// Data of a view: loaded when its address changes, again when something is heard of it or on
// request; kept while it is loaded anew.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api.ts";
import { listen, live } from "./live.ts";
import { place } from "./route.ts";
import type { Heard } from "./source.ts";

export interface Loaded<T> {
  data?: T;
  error?: ApiError;
  loading: boolean;
  at?: Date;
  again: () => void;
}
export interface Fresh {
  /** Milliseconds after which it is asked again while there is no event stream. */
  every?: number;
  /** True for what is heard of this data: then it is asked again. */
  on?: (heard: Heard) => boolean;
}

/** While the stream is open, a view is asked again this seldom, and this often at most. */
const SELDOM = 120_000;
const OFTEN = 1500;

export function useLoad<T>(of: string, read: () => Promise<T>, fresh: Fresh = {}): Loaded<T> {
  const name = `${of} ${place.value.query.get("at") ?? ""}`; // another time is other data
  const [state, setState] = useState<Omit<Loaded<T>, "again"> & { name?: string }>({
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(fresh);
  latest.current = fresh;
  useEffect(() => {
    let current = true;
    let timer = 0;
    let begun = 0;
    const later = (wait: number) => {
      clearTimeout(timer);
      timer = window.setTimeout(run, wait);
    };
    const run = () => {
      begun = Date.now();
      read().then(
        (data) => {
          if (!current) return;
          setState({ data, loading: false, at: new Date(), name });
          const { every } = latest.current;
          if (every) later(live.value ? Math.max(every, SELDOM) : every);
        },
        (error) => {
          if (!current) return;
          const told = error instanceof ApiError ? error : new ApiError(0, String(error));
          setState((old) => ({
            ...(old.name === name ? old : {}),
            error: told,
            loading: false,
            name,
          }));
          if (told.status === 0) later(3000);
          else if (latest.current.every) later(latest.current.every);
        },
      );
    };
    const stop = listen((heard) => {
      if (!latest.current.on?.(heard)) return;
      later(Math.max(0, begun + OFTEN - Date.now()));
    });
    setState((old) => (old.name === name ? { ...old, loading: true } : { loading: true }));
    run();
    return () => {
      current = false;
      clearTimeout(timer);
      stop();
    };
  }, [name, turn]);
  return { ...state, again: () => setTurn((old) => old + 1) };
}
