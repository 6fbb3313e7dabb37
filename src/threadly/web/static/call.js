// A call between two browsers: sound and pictures go from one to the other, only the signals through the server.

const RING_MS = 45_000;

const stage = document.getElementById("call");
const { Socket } = await import(stage.dataset.socket);
const byId = (id) => document.getElementById(id);
const theirs = byId("theirs");
const voice = byId("voice");
const mine = byId("mine");
const conversation = stage.dataset.conversation;

let callId = stage.dataset.call;
const answers = Boolean(callId);
let video = "video" in stage.dataset;
let peer;
let local;
let lastSignal = 0;
let ended = false;
let giveUp;
const early = [];

const say = (sentence) => { byId("call-status").textContent = sentence; };

function enter(state, sentence) {
  stage.dataset.state = state;
  say(sentence);
}

// ------------------------------------------------------------------- devices

async function openDevices() {
  try {
    local = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  } catch {
    if (!video) throw new Error("There is no microphone that this page may use.");
    // Without a camera one can still talk.
    video = false;
    local = await navigator.mediaDevices.getUserMedia({ audio: true });
  }
  mine.srcObject = local;
  mine.hidden = !video;
  byId("microphone").hidden = false;
  byId("camera").hidden = !video;
}

function toggle(button, tracks, words) {
  const off = button.getAttribute("aria-pressed") !== "true";
  for (const track of tracks) track.enabled = !off;
  button.setAttribute("aria-pressed", String(off));
  button.querySelector("span").textContent = words[off ? 1 : 0];
}

byId("microphone").addEventListener("click", (event) => toggle(event.currentTarget, local.getAudioTracks(), ["Mute", "Unmute"]));
byId("camera").addEventListener("click", (event) => toggle(event.currentTarget, local.getVideoTracks(), ["Camera off", "Camera on"]));
byId("hang-up").addEventListener("click", () => hangUp("You have hung up."));

// ---------------------------------------------------------------------- peer

const signal = (kind, body) => socket.ask("call.signal", { call_id: callId, kind, body: JSON.stringify(body) }).catch(() => {});

function openPeer(iceServers) {
  peer = new RTCPeerConnection({ iceServers });
  for (const track of local.getTracks()) peer.addTrack(track, local);
  peer.addEventListener("icecandidate", ({ candidate }) => candidate && signal("candidate", candidate.toJSON()));
  peer.addEventListener("track", ({ track, streams: [stream] }) => {
    if (track.kind === "video") {
      theirs.srcObject = stream;
      theirs.hidden = false;
    } else {
      voice.srcObject = stream;
    }
  });
  peer.addEventListener("connectionstatechange", () => {
    if (peer.connectionState === "connected") enter("connected", "Connected");
    if (peer.connectionState === "disconnected") say("The connection is weak…");
    if (peer.connectionState === "failed") hangUp("The two browsers could not reach each other.");
  });
}

async function hearSignal({ number, kind, body }) {
  if (number <= lastSignal) return;
  lastSignal = number;
  const told = JSON.parse(body);
  if (kind === "candidate") {
    // A candidate may be here before what it belongs to.
    if (peer.remoteDescription) await peer.addIceCandidate(told);
    else early.push(told);
    return;
  }
  await peer.setRemoteDescription(told);
  if (kind === "offer") {
    await peer.setLocalDescription();
    signal("answer", peer.localDescription);
  }
  for (const candidate of early.splice(0)) await peer.addIceCandidate(candidate);
}

// One after the other, in their order.
let hearing = Promise.resolve();
const hear = (it) => { hearing = hearing.then(() => hearSignal(it)).catch(() => {}); };

// ---------------------------------------------------------------------- call

async function begin() {
  const it = await socket.ask("call.start", { conversation_id: conversation, media: video ? "video" : "audio" });
  callId = it.call.id;
  openPeer(it.ice_servers);
  enter("ringing", `Calling ${it.call.callee.name}…`);
  byId("hang-up").hidden = false;
  giveUp = setTimeout(() => hangUp("Nobody answered."), RING_MS + 500);
  await peer.setLocalDescription();
  signal("offer", peer.localDescription);
}

async function answer() {
  await socket.ask("call.answer", { call_id: callId });
  const it = await socket.ask("call.join", { call_id: callId });
  openPeer(it.ice_servers);
  enter("answered", "Connecting…");
  byId("hang-up").hidden = false;
  it.signals.forEach(hear);
}

const OVER = { declined: "The call was declined.", missed: "Nobody answered.", cancelled: "The call was cancelled.", ended: "The call has ended." };

function hearCall(call) {
  if (call.id !== callId || ended) return;
  if (call.state === "answered" && !answers) {
    clearTimeout(giveUp);
    if (stage.dataset.state === "ringing") enter("answered", "Connecting…");
  }
  if (call.state in OVER) close(OVER[call.state]);
}

function hangUp(sentence) {
  if (callId) socket.ask("call.end", { call_id: callId }).catch(() => {});
  close(sentence);
}

function close(sentence) {
  if (ended) return;
  ended = true;
  clearTimeout(giveUp);
  peer?.close();
  for (const track of local?.getTracks() ?? []) track.stop();
  theirs.hidden = mine.hidden = true;
  for (const id of ["microphone", "camera", "hang-up"]) byId(id).hidden = true;
  byId("again").hidden = false;
  enter("over", sentence);
}

addEventListener("pagehide", () => {
  if (!ended && callId) socket.tell("call.end", { call_id: callId });
});

let begun = false;
const socket = new Socket({
  onFrame(frame) {
    if (frame.type === "call") hearCall(frame.call);
    if (frame.type === "signal" && frame.signal.call_id === callId) hear(frame.signal);
  },
  async onOpen(again) {
    if (ended) return;
    try {
      if (again && peer) {
        // What was said while this page could not hear it.
        const it = await socket.ask("call.join", { call_id: callId, since: lastSignal });
        hearCall(it.call);
        it.signals.forEach(hear);
      } else if (!begun) {
        begun = true;
        if (answers) {
          // The one who calls says whether it has pictures.
          const { call } = await socket.ask("call.join", { call_id: callId });
          video = call.media === "video";
        }
        await openDevices();
        await (answers ? answer() : begin());
      }
    } catch (problem) {
      close(problem.message ?? "That did not work.");
    }
  },
});
