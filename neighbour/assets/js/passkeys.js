// Passkeys: a button with data-passkey="get" or "create" asks the server what is to be signed (data-options), lets the
// device sign it, puts the answer into the form's hidden field and sends the form. Only on pages that have such a button;
// where the browser knows no passkeys the button stays hidden, and the page works without.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function options(button, form) {
  const token = form.querySelector("[name$=csrf_token]");
  const answer = await fetch(button.dataset.options, { method: "POST", headers: { "X-CSRFToken": token ? token.value : "" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function create(asked) {
  const user = { ...asked.user, id: toBytes(asked.user.id) };
  const publicKey = { ...asked, user, challenge: toBytes(asked.challenge), excludeCredentials: described(asked.excludeCredentials) };
  const made = await navigator.credentials.create({ publicKey });
  const transports = made.response.getTransports ? made.response.getTransports() : [];
  return answer(made, { attestationObject: toText(made.response.attestationObject), transports });
}

async function get(asked) {
  const publicKey = { ...asked, challenge: toBytes(asked.challenge), allowCredentials: described(asked.allowCredentials) };
  const made = await navigator.credentials.get({ publicKey });
  const { authenticatorData, signature, userHandle } = made.response;
  return answer(made, {
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle && userHandle.byteLength ? toText(userHandle) : null,
  });
}

function answer(made, more) {
  const response = { clientDataJSON: toText(made.response.clientDataJSON), ...more };
  return { id: made.id, rawId: toText(made.rawId), type: made.type, clientExtensionResults: {}, authenticatorAttachment: made.authenticatorAttachment, response };
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const form = button.closest("form");
  const status = document.getElementById(button.getAttribute("aria-describedby"));
  button.hidden = false;
  if (button.dataset.passkey === "create") {
    form.addEventListener("submit", (event) => { // Enter in the name's field presses the button; the script's own submit() does not come by here
      event.preventDefault();
      button.click();
    });
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "";
    try {
      const asked = await options(button, form);
      const made = await (button.dataset.passkey === "create" ? create(asked) : get(asked));
      form.querySelector("[name$=answer]").value = JSON.stringify(made);
      form.submit();
    } catch {
      status.textContent = button.dataset.failed; // stopped by the person, no such passkey, no connection
      button.disabled = false;
    }
  });
}
