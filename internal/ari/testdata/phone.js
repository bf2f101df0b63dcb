// The least that can be an agent's telephone: what a test of the exchange's side needs.
import JsSIP from "jssip";

const phone = { registered: false, refused: 0, state: "", heard: 0, ending: "" };
window.phone = phone;

// The loudest tone of what arrives, in hertz; 0 while it is silent.
function listen(stream) {
  const audio = new Audio();
  audio.srcObject = stream; // without an element that plays it, nothing is decoded
  audio.play();
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  context.createMediaStreamSource(stream).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  phone.hertz = () => {
    analyser.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    return bins[loudest] < -50 ? 0 : (loudest * context.sampleRate) / analyser.fftSize;
  };
}

phone.open = (name, password) => {
  phone.registered = false;
  phone.refused = 0;
  const socket = new JsSIP.WebSocketInterface(`ws://${location.host}/phone`);
  const agent = new JsSIP.UA({
    sockets: [socket], uri: `sip:${name}@richiamo.invalid`, authorization_user: name, password,
    register_expires: 120, session_timers: false, connection_recovery_min_interval: 1, connection_recovery_max_interval: 1,
  });
  phone.agent = agent;
  agent.on("registered", () => (phone.registered = true));
  agent.on("unregistered", () => (phone.registered = false));
  agent.on("registrationFailed", (e) => (phone.refused = e.response?.status_code ?? -1));
  agent.on("disconnected", () => (phone.registered = false));
  agent.on("newRTCSession", ({ session }) => {
    phone.session = session;
    phone.state = "ringing";
    phone.ending = "";
    session.on("peerconnection", ({ peerconnection }) => {
      phone.connection = peerconnection;
      peerconnection.addEventListener("track", (e) => listen(e.streams[0]));
    });
    session.on("confirmed", () => (phone.state = "talking"));
    for (const end of ["ended", "failed"])
      session.on(end, (e) => {
        phone.state = "";
        phone.ending = e.cause;
      });
  });
  agent.start();
};

phone.answer = () => phone.session.answer({ mediaConstraints: { audio: true, video: false } });
phone.lost = () => phone.session.terminate({ extraHeaders: ["Reason: Q.850;cause=38"] });
addEventListener("pagehide", () => phone.state && phone.lost());
