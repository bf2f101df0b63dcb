// What the page asks of the service, and what it is told.

export type AgentState = "away" | "ready" | "reserved" | "ringing" | "talking" | "wrap-up" | "paused";
export type Verb = "hold" | "resume" | "consult" | "conference" | "transfer";

export interface Session {
  agent: string;
  expires_at: string;
  outcomes: string[];
  outcome_required: boolean;
  wrap_up_limit_seconds: number; // 0: no limit
  authority: string;
  queues: string[];
}

export interface Agent {
  id: string;
  state: AgentState;
  reason?: string;
  since?: string;
  ticket?: string;
  misses: number;
  wish?: AgentState; // taken up at the end of the talk
  helping: boolean;
  writes_up?: string;
  phone_reachable?: boolean;
  phone?: "browser" | "desk";
  page?: string; // the token of the page that has the telephone
}

export interface Talk {
  call?: string;
  ticket: string;
  purpose?: string;
  reason?: string;
  class?: string;
  language?: string;
  callback: boolean;
  no_keys?: boolean;
  waited_seconds: number;
  attempts: number;
  state?: string;
}

export interface Colleague {
  id: string;
  state: AgentState;
  ticket?: string;
  helping?: boolean;
}

export interface Queue {
  name: string;
  waiting: number;
  callbacks: number;
  longest_seconds: number;
}

// Snapshot is all that the page needs to know of the moment. The newest one is
// the truth; none needs the one before.
export interface Snapshot {
  now: string;
  agent: Agent;
  talk?: Talk;
  team: Colleague[];
  queues: Queue[];
}

export interface Access {
  kind: "browser" | "desk";
  page: string;
  uri: string;
  username: string;
  password: string;
  websocket: string;
}

export interface Attempt {
  number: number;
  kind?: string;
  at: string;
  outcome?: string;
}

export interface Handover {
  call: string;
  ticket: string;
  purpose: string;
  channel: string;
  class?: string;
  also: { purpose: string; channel: string; at: string; fiscal_code?: string; note?: string }[];
  phone?: string;
  fiscal_code?: string;
  citizen?: { surname: string; given_name: string; birth_date: string; municipality?: string };
  keyed?: string;
  no_keys: boolean;
  language?: string;
  note?: string;
  outcome?: string;
  outcome_note?: string;
  spoken_name: boolean;
  arrived_at: string;
  waited_seconds: number;
  promised?: { from: string; to: string };
  replanned: number;
  attempts: Attempt[];
}

// Problem is an answer that is none. name is the stable end of its type; "" when
// the service was not reached.
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly name: string,
    readonly detail: string,
    readonly retryAfter = 0,
  ) {
    super(name || "unreachable");
  }
}

const patience = 10_000; // milliseconds for an answer

// ask sends a request and gives its answer. unauthorized is called on a 401.
export function asker(unauthorized: () => void) {
  return async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        credentials: "same-origin",
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(patience),
      });
    } catch {
      throw new Problem(0, "", "");
    }
    if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
    const said = await response.json().catch(() => ({}));
    const name = String(said.type ?? "").replace(/^.*:/, "");
    const details = (said.errors ?? []).map((e: { field: string; detail: string }) => `${e.field}: ${e.detail}`);
    const problem = new Problem(response.status, name || `http-${response.status}`, [said.detail, ...details].filter(Boolean).join(" "), Number(response.headers.get("Retry-After")) || 0);
    if (response.status === 401) unauthorized();
    throw problem;
  };
}
