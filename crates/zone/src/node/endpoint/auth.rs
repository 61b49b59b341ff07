//! Who is calling: a ticket of the platform and the proof that the caller holds it. The zone trusts the platform's
//! ticket only for what it says together with the orders and key lists that the zone verified itself.

use super::App;
use crate::node::core::lock;
use crate::node::refuse;
use crate::node::state::State;
use crate::node::time::SKEW_MS;
use crate::node::verify::{by_platform, signed_by};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use model::ids::PersonId;
use model::keylist::KeyHolder;
use model::ticket::{PROOF_TYPE, Proof, TICKET_TYPE, Ticket, TicketHolder, TicketPurpose};
use model::{Refusal, Signed, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Header with the ticket: base64 of its canonical JSON.
pub const TICKET_HEADER: &str = "Yunyu-Ticket";
/// Header with the proof of possession: base64 of its canonical JSON.
pub const PROOF_HEADER: &str = "Yunyu-Proof";

/// A ticket lives minutes.
const LONGEST_TICKET_MS: i64 = 30 * 60_000;
const LONGEST_HEADER: usize = 16 * 1024;
const MAX_NONCES: usize = 100_000;

/// A caller whose ticket holds.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) ticket: Ticket,
    /// The person, where it is not a consumer's access key.
    pub(crate) person: Option<PersonId>,
}

/// Nonces of proofs, kept while their proof could still be shown.
#[derive(Default)]
pub(crate) struct Nonces {
    seen: Mutex<BTreeMap<(String, String), Timestamp>>,
}

impl Nonces {
    /// `true` the first time.
    fn first(&self, key: &str, nonce: &str, now: Timestamp) -> bool {
        let mut seen = lock(&self.seen);
        if seen.len() >= MAX_NONCES {
            seen.retain(|_, at| now.0 - at.0 <= 2 * SKEW_MS);
        }
        // Full of fresh ones: refuse rather than forget one.
        seen.len() < MAX_NONCES && seen.insert((key.to_owned(), nonce.to_owned()), now).is_none()
    }
}

/// Checks ticket and possession for one request.
pub(crate) fn caller(app: &App, method: &str, path: &str, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let now = app.core.time.now();
    let signed: Signed<Ticket> = decode(headers, TICKET_HEADER)?.ok_or_else(refuse::no_ticket)?;
    app.core.read(|state| ticket(app, state, &signed, now))?;
    let ticket = signed.body;
    let person = match &ticket.holder {
        TicketHolder::Person { person, key } => {
            let proof: Signed<Proof> = decode(headers, PROOF_HEADER)?.ok_or_else(refuse::bad_proof)?;
            if &proof.key != key {
                return Err(refuse::ticket_holder());
            }
            app.core.read(|state| possession(state, &ticket, person, &proof, now))?;
            fits_request(app, &ticket, &proof.body, (method, path), now)?;
            if !app.nonces.first(key, &proof.body.nonce, now) {
                return Err(refuse::proof_replayed());
            }
            Some(person.clone())
        }
        TicketHolder::AccessKey { digest } => {
            let shown = bearer(headers).ok_or_else(refuse::ticket_holder)?;
            let held = app.core.cfg.trust.suite.hash(shown.as_bytes());
            if digest.0.parse::<crypto::Hash>().ok() != Some(held) {
                return Err(refuse::ticket_holder());
            }
            None
        }
    };
    Ok(Caller { ticket, person })
}

fn ticket(app: &App, state: &State, signed: &Signed<Ticket>, now: Timestamp) -> Result<(), Refusal> {
    let keys = state.key_list().ok_or_else(refuse::bad_ticket)?;
    let body = &signed.body;
    let ours = body.v == 1 && body.deployment == app.core.cfg.trust.deployment;
    if !ours || !by_platform(keys, TICKET_TYPE, signed, now) {
        return Err(refuse::bad_ticket());
    }
    let short = body.expires > body.not_before && body.expires.0 - body.not_before.0 <= LONGEST_TICKET_MS;
    if !short || now.0 < body.not_before.0 - SKEW_MS || now >= body.expires {
        return Err(refuse::ticket_time());
    }
    app.core.leases.check_link(state, now)
}

fn possession(
    state: &State,
    ticket: &Ticket,
    person: &PersonId,
    proof: &Signed<Proof>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let keys = state.key_list().ok_or_else(refuse::bad_ticket)?;
    let entry = signed_by(keys, PROOF_TYPE, proof, now).ok_or_else(refuse::bad_proof)?;
    match &entry.holder {
        KeyHolder::Person { person: p, org, .. } if p == person && org == &ticket.org => Ok(()),
        _ => Err(refuse::ticket_holder()),
    }
}

/// A proof is for exactly one request, made now. Nonces live in memory only: a proof from before the node started is
/// refused, since it could have been shown to the process before.
fn fits_request(
    app: &App,
    ticket: &Ticket,
    proof: &Proof,
    request: (&str, &str),
    now: Timestamp,
) -> Result<(), Refusal> {
    let same = proof.v == 1 && proof.ticket == ticket.id && (proof.method.as_str(), proof.path.as_str()) == request;
    let fresh = (proof.at.0 - now.0).abs() <= SKEW_MS && proof.at >= app.started;
    let random = (16..=128).contains(&proof.nonce.len());
    if same && fresh && random { Ok(()) } else { Err(refuse::bad_proof()) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn decode<T: Serialize + DeserializeOwned>(headers: &HeaderMap, name: &str) -> Result<Option<T>, Refusal> {
    let mut all = headers.get_all(name).iter();
    let (first, second) = (all.next(), all.next());
    let Some(value) = first else { return Ok(None) };
    let bad = if name == TICKET_HEADER { refuse::bad_ticket } else { refuse::bad_proof };
    if second.is_some() || value.len() > LONGEST_HEADER {
        return Err(bad());
    }
    let bytes = BASE64.decode(value.as_bytes()).map_err(|_| bad())?;
    crypto::from_canonical(&bytes).map(Some).map_err(|_| bad())
}

/// A caller whose ticket is for this.
pub(crate) fn caller_for(
    app: &App,
    parts: &http::request::Parts,
    fits: impl FnOnce(&TicketPurpose) -> bool,
) -> Result<Caller, Refusal> {
    let caller = caller(app, parts.method.as_str(), parts.uri.path(), &parts.headers)?;
    if fits(&caller.ticket.purpose) { Ok(caller) } else { Err(refuse::ticket_purpose()) }
}
