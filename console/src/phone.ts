// The telephone, as the page sees one. This is the one file that knows JsSIP.
//
// A talk is not ended by the loss of the WebSocket: its sound goes another way.
// JsSIP ends one only when a request of it is under way just then, and none is:
// there are no session timers, and hold is the service's.

import JsSIP from "jssip";

export interface Events {
  connected(yes: boolean): void; // the WebSocket
  registered(yes: boolean): void;
  refused(): void; // the registration
  rings(call: Call): void;
  speaks(call: Call, sound: MediaStream): void;
  answered(call: Call): void;
  ended(call: Call): void;
}

export class Call {
  readonly began = performance.now();
  constructor(private readonly session: any) {}
  answer = (microphone: MediaStream) => this.session.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  // end hangs up, or declines what rings. broken tells the exchange that it was
  // not the agent who wanted it (Q.850 cause 38: network out of order).
  end = (broken = false) => {
    if (!this.session.isEnded()) this.session.terminate(broken ? { extraHeaders: ["Reason: Q.850;cause=38"] } : {});
  };
  get connection(): RTCPeerConnection | undefined {
    return this.session.connection ?? undefined;
  }
}

export class Phone {
  private readonly agent: any;

  constructor(access: { uri: string; username: string; password: string; websocket: string }, tell: Events) {
    const socket = new JsSIP.WebSocketInterface(new URL(access.websocket, location.href.replace(/^http/, "ws")).href);
    this.agent = new JsSIP.UA({
      sockets: [socket], uri: access.uri, authorization_user: access.username, password: access.password, register_expires: 300,
      session_timers: false, connection_recovery_min_interval: 1, connection_recovery_max_interval: 5, user_agent: "Richiamo",
    });
    this.agent.on("connected", () => tell.connected(true));
    this.agent.on("disconnected", () => tell.connected(false));
    this.agent.on("registered", () => tell.registered(true));
    this.agent.on("unregistered", () => tell.registered(false));
    this.agent.on("registrationFailed", ({ cause }: any) => {
      if (cause === JsSIP.C.causes.REQUEST_TIMEOUT) this.reconnect();
      else if (cause !== JsSIP.C.causes.CONNECTION_ERROR) tell.refused();
    });
    this.agent.on("newRTCSession", ({ session }: any) => {
      const call = new Call(session);
      session.on("peerconnection", ({ peerconnection }: { peerconnection: RTCPeerConnection }) =>
        peerconnection.addEventListener("track", ({ streams, track }) => tell.speaks(call, streams[0] ?? new MediaStream([track]))));
      session.on("accepted", () => tell.answered(call));
      session.on("ended", () => tell.ended(call));
      session.on("failed", () => tell.ended(call));
      tell.rings(call);
    });
  }
  start = () => this.agent.start();
  // renew registers again with another password; calls that are up stay up.
  renew = (password: string) => {
    this.agent.set("password", password);
    if (this.agent.isConnected()) this.agent.register();
  };
  // refresh registers before it is due: browsers run the timers of a page that is
  // out of sight a minute late.
  refresh = () => this.agent.isRegistered() && this.agent.register();
  stop = () => this.agent.stop();
  // reconnect leaves a WebSocket that has died without a word; the new one registers.
  private reconnect() {
    this.agent.transport.disconnect();
    this.agent.transport.connect();
  }
}
