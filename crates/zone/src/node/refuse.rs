//! The zone's own refusals, in one place, so that codes stay stable and every text exists in both languages.
//! Rules named `ZONE-…` are the product's own; they keep invariants of the design where no article speaks.

use crate::contract::ContractError;
use model::Refusal;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $rule:literal, $zh:literal, $en:literal;)+) => {$(
        $(#[$doc])*
        pub(crate) fn $name() -> Refusal { Refusal::new($code, $rule, "", $zh, $en) }
    )+};
}

/// A contract that cannot be used, with the place and what is wrong there: names of fields at most, never a value.
pub(crate) fn bad_contract_at(fault: &ContractError) -> Refusal {
    let base = bad_contract();
    let place = if fault.line > 0 { format!("{}:{} ", fault.line, fault.column) } else { String::new() };
    let zh = format!("{}：{place}{}：{}", base.zh, fault.key, fault.zh);
    let en = format!("{}: {place}{}: {}", base.en, fault.key, fault.en);
    Refusal::new(&base.code, &base.rule, "", zh, en)
}

refusals! {
    /// The platform's signature does not hold, or the key is not the platform's.
    forged_order = "order-forged", "ZONE-ORDER-1", "指令的签名无效，或签名密钥不是平台的密钥", "the order's signature does not hold under a key of the platform";
    /// Another deployment or format.
    foreign_order = "order-foreign", "ZONE-ORDER-2", "指令不属于本部署或格式版本未知", "the order belongs to another deployment or has an unknown format";
    /// Sequence not the next one.
    order_sequence = "order-out-of-sequence", "ZONE-ORDER-3", "指令重复或次序不连续", "the order is replayed or out of sequence";
    /// Another order had this id.
    order_repeated = "order-id-used", "ZONE-ORDER-11", "已有另一指令使用这一编号", "another order had this id";
    /// Signed under an old key list.
    old_key_list = "order-old-key-list", "ZONE-ORDER-4", "指令所依据的密钥清单不是最新的", "the order rests on a key list that is not the newest";
    /// Expired or from the future.
    order_time = "order-expired", "ZONE-ORDER-5", "指令已过期或时间不合理", "the order has expired or its times make no sense";
    /// Another pack.
    order_pack = "order-other-pack", "ZONE-ORDER-6", "指令所依据的规则包不是本域固定的规则包", "the order rests on another rule pack than the one pinned in the zone";
    /// An approval's signature does not hold.
    forged_approval = "approval-forged", "ZONE-ORDER-7", "审批签名无效或签名人不在密钥清单中", "an approval's signature does not hold or its signer is not in the key list";
    /// An approval is about something else.
    foreign_approval = "approval-foreign", "ZONE-ORDER-8", "审批所针对的对象与指令不一致", "an approval is about another object, case or deployment";
    /// An approval carried an order before.
    used_approval = "approval-used", "ZONE-ORDER-15", "该审批已用于此前的指令", "an approval already carried an earlier order";
    /// An id has a form that cannot be one.
    bad_id = "id-malformed", "ZONE-ORDER-9", "标识的形式不正确", "an identifier is malformed";
    /// Unknown object.
    unknown_object = "object-unknown", "ZONE-ORDER-10", "指令引用的对象在本域中不存在", "the order refers to an object that the zone does not know";
    /// The object exists and differs.
    object_exists = "object-exists", "ZONE-ORDER-11", "对象已存在且内容不同", "the object exists already and differs";
    /// The contract's text does not match its digest.
    contract_digest = "contract-digest", "ZONE-ORDER-12", "合约文本与其摘要不一致", "the contract's text does not match its digest";
    /// A contract, purpose or field list cannot be read or does not fit.
    bad_contract = "contract-unusable", "ZONE-ORDER-13", "字段合约无法使用", "the field contract cannot be used";
    /// A changed contract could not read the records that are held.
    breaks_records = "contract-breaks-records", "ZONE-ORDER-16", "本域已存有该资源的记录：字段的类型、键域与数据主体不得变更，新增字段不得为必填；请另行编目新的资源", "the zone holds records of this resource: types, key domains and subjects stay as they are and new fields may be empty; catalogue a new resource instead";
    /// The contract changed while records were being received.
    contract_changed = "contract-changed", "ZONE-BATCH-5", "接收记录期间字段合约已变更，请重新上传", "the contract changed while the records were received; upload them again";
    /// Grant and resources do not fit.
    bad_grant = "grant-unusable", "ZONE-ORDER-14", "授权内容与目录中的资源、字段或用途不符", "the grant does not fit the resources, fields or purpose";
    /// Another organisation's resource.
    other_provider = "resource-other-provider", "ZONE-RESOURCE-1", "该资源由另一提供单位提供", "the resource is another provider's";
    /// No sealing key.
    cannot_seal = "sealing-unavailable", "ZONE-RESOURCE-2", "没有可用的封存密钥：须先由两名保管人在运营域所在的机器上导出（yunyu admin export-keys），再重新提出", "there is no sealing key left: two keepers export them at the zone's machine first (yunyu admin export-keys); then propose it anew";
    /// Nothing to unseal, or another order is under way.
    not_sealed = "resource-not-sealed", "ZONE-RESOURCE-3", "该资源没有封存，或另一指令尚在办理", "the resource is not sealed, or another order is under way";
    /// The custody cannot be reached.
    custody_away = "custody-away", "ZONE-KEYS-2", "密钥托管暂不可达，销毁或封存待执行：其间数据已不可用，托管恢复后自动完成", "the custody of keys cannot be reached: the destruction or sealing waits; the data cannot be used meanwhile, and it is finished by itself once the custody is back";
    /// Something else is in the way.
    work_waits = "work-waits", "ZONE-KEYS-3", "运营域暂时无法办理该指令，将自动重试；原因见运营域所在机器的运行日志", "the zone cannot carry out the order for now and tries again by itself; the program's log at the zone's machine says why";
    /// Sealed already.
    sealed_already = "resource-sealed-already", "ZONE-RESOURCE-6", "该资源已经封存或正在封存，无需再次封存", "the resource is sealed already, or being sealed; there is nothing to seal again";
    /// Authorisation is destroyed.
    authorisation_ended = "authorisation-ended", "ZONE-AUTH-1", "该授权已终止", "the authorisation has ended";
    /// Suspended again after the restoration was decided.
    suspended_since = "suspended-since", "ZONE-AUTH-5", "恢复决定作出之后该授权又被暂停，这一恢复不解除后来的暂停：请重新作出恢复决定", "the authorisation was suspended again after this restoration was decided, which does not lift that: decide on the restoration anew";
    /// Nothing to restore.
    not_suspended = "authorisation-not-suspended", "ZONE-AUTH-6", "该授权在本域没有被暂停，无需恢复", "the authorisation is not suspended in this zone; there is nothing to restore";
    /// Grant is over.
    grant_expired = "grant-expired", "ZONE-AUTH-2", "授权期限已满", "the grant's term is over";
    /// No order of its procedure brought the authorisation.
    never_authorised = "authorisation-unknown", "ZONE-AUTH-4", "没有经授权程序批准的指令表明该授权已授予", "no order with the approvals of its procedure says that the authorisation was granted";
    /// Granted to somebody else.
    other_operator = "authorisation-other-operator", "ZONE-AUTH-5", "该授权授予了另一运营单位", "the authorisation was granted to another operator";
    /// The grant outlasts the authorisation.
    beyond_term = "grant-beyond-term", "ZONE-AUTH-6", "使用期限超出授权期限", "the grant runs beyond the authorisation's term";
    /// The grant reaches beyond the authorisation.
    beyond_scope = "grant-beyond-scope", "ZONE-AUTH-7", "所用资源不在授权范围之内", "a resource of the grant lies outside the authorisation's scope";
    /// An authorisation begins once.
    authorised_before = "authorisation-exists", "ZONE-AUTH-8", "该授权此前已生效，不能再次开始", "the authorisation has begun already and cannot begin again";
    /// No live lease.
    no_lease = "lease-lost", "ZONE-LEASE-1", "与平台的联系中断，租约已失效", "the link to the platform is lost and the lease has run out";
    /// The lease does not name the authorisation.
    authorisation_expired = "authorisation-expired", "ZONE-AUTH-9", "授权期限已满", "the authorisation's term is over";
    /// Not leased.
    not_leased = "authorisation-not-in-force", "ZONE-LEASE-2", "该授权当前不在有效租约之内", "the authorisation is not among those in force";
    /// The zone is behind.
    behind = "zone-behind", "ZONE-LEASE-3", "本域尚有未取回的指令", "the zone has not fetched all orders yet";
    /// A lease does not verify.
    bad_lease = "lease-invalid", "ZONE-LEASE-4", "租约无效", "the lease does not verify";
    /// A key list does not verify.
    bad_key_list = "key-list-invalid", "ZONE-KEYS-1", "密钥清单无效", "the key list does not verify";
    /// A clock mark does not verify.
    bad_clock = "clock-invalid", "ZONE-CLOCK-1", "时钟移动无效", "the movement of the clock does not verify";
    /// A checkpoint of the platform's log does not verify.
    bad_checkpoint = "checkpoint-invalid", "ZONE-LOG-2", "平台日志的检查点无效", "the platform log's checkpoint does not verify";
    /// The platform's log is shorter than it was.
    platform_rolled_back = "platform-log-rolled-back", "ZONE-LOG-3", "平台日志比本域见过的短：它被退回到旧状态，本域仍锚定原先的日志", "the platform's log is shorter than this zone has seen it: it was put back, and the zone keeps its anchor of what was";
    /// The platform's log is another one than it was.
    platform_other_history = "platform-log-other-history", "ZONE-LOG-3", "没有证明表明平台日志是本域见过的日志的延续，本域仍锚定原先的日志", "nothing shows that the platform's log extends what this zone has seen of it; the zone keeps its anchor of what was";
    /// No log, no raw data.
    log_unwritable = "log-unwritable", "ZONE-LOG-1", "日志无法写入，不得接触原始数据", "the log cannot be written, so raw data cannot be touched";
    /// No ticket.
    no_ticket = "ticket-missing", "ZONE-TICKET-1", "缺少票据", "no ticket was shown";
    /// Ticket does not verify.
    bad_ticket = "ticket-invalid", "ZONE-TICKET-2", "票据无效", "the ticket does not verify";
    /// Ticket's time.
    ticket_time = "ticket-expired", "ZONE-TICKET-3", "票据未生效或已过期", "the ticket is not valid at this time";
    /// Ticket for something else.
    ticket_purpose = "ticket-other-purpose", "ZONE-TICKET-4", "票据不适用于此操作或对象", "the ticket is for another purpose or object";
    /// Not the holder.
    ticket_holder = "ticket-other-holder", "ZONE-TICKET-5", "出示者不是票据持有人", "the caller does not hold the ticket";
    /// Proof does not verify.
    bad_proof = "proof-invalid", "ZONE-TICKET-6", "持有证明无效", "the proof of possession does not verify";
    /// Nonce seen before.
    proof_replayed = "proof-replayed", "ZONE-TICKET-7", "持有证明被重放", "the proof of possession was used before";
    /// Batch exists.
    batch_exists = "batch-exists", "ZONE-BATCH-1", "该批次已存储且内容不同", "the batch is stored already and differs";
    /// Upload in progress.
    batch_busy = "batch-busy", "ZONE-BATCH-2", "该批次正在上传", "the batch is being uploaded";
    /// The upload broke off.
    upload_cut = "upload-cut", "ZONE-BATCH-3", "上传中断，未存储任何内容", "the upload broke off; nothing was stored";
    /// The storage is full.
    storage_full = "storage-full", "ZONE-BATCH-4", "存储空间不足，未存储任何内容", "the storage is full; nothing was stored";
    /// No such thing, or no right to know.
    not_found = "not-found", "ZONE-HTTP-1", "不存在", "not found";
    /// The path does not take this method.
    wrong_method = "method-not-allowed", "ZONE-HTTP-1", "该路径不支持此方法；可用的方法见响应头 Allow", "this path does not take this method; the header Allow names those it takes";
    /// A query parameter cannot be used.
    bad_query = "query-unusable", "ZONE-HTTP-2", "查询参数无法使用", "a query parameter cannot be used";
    /// Something broke; the text is uniform.
    broken = "zone-failure", "ZONE-HTTP-4", "本域内部错误，未返回任何数据", "the zone failed; no data was returned";
    /// A job used too long or too much, or died.
    job_died = "job-died", "ZONE-JOB-1", "作业超出时间或内存限制，或异常终止", "the job exceeded its time or memory or ended abnormally";
    /// The query failed while it ran; nothing is said about why.
    query_failed = "query-failed", "ZONE-JOB-3", "查询未能完成", "the query could not be completed";
    /// Memory or rows ran out.
    query_too_large = "query-too-large", "ZONE-JOB-4", "查询超出内存或行数限制", "the query needs more than its limits allow";
    /// Cancelled by its own organisation.
    job_cancelled = "job-cancelled", "ZONE-JOB-5", "作业已由提交单位取消", "the job was cancelled by the organisation that submitted it";
    /// Nothing to cancel.
    job_over = "job-over", "ZONE-JOB-6", "作业已结束，无需取消", "the job has ended; there is nothing to cancel";
    /// The file cannot be read as a table.
    not_a_table = "file-unreadable", "ZONE-HTTP-5", "该文件不能作为文本表格读取", "the file cannot be read as delimited text";
    /// The keys of stored records are not here.
    keys_given_up = "records-unreadable", "ZONE-JOB-7", "所用记录的密钥已不在本域（恢复时已放弃），记录无法读取：请撤回该资源，重新编目并供数", "the keys of the records are not in the zone any more (they were given up at a restore), so the records cannot be read: withdraw the resource, catalogue it anew and supply it again";
    /// No batch to work on.
    no_batches = "job-without-records", "ZONE-JOB-2", "所授权的资源没有已存储的批次", "a granted resource has no stored batch";
    /// The job has no result to release.
    no_artefact = "release-without-artefact", "ZONE-RELEASE-1", "该作业没有可发布的结果", "the job has no result to release";
    /// Digest of the artefact or report differs.
    other_artefact = "release-other-artefact", "ZONE-RELEASE-2", "审批所针对的结果或出域报告与本域所存不一致", "the approval is about another result or gate report than the zone holds";
    /// The gate blocked it.
    gate_blocked = "release-blocked", "ZONE-RELEASE-3", "出域检查结论为阻止", "the gate's verdict is block";
    /// The product exists.
    product_exists = "product-exists", "ZONE-RELEASE-4", "该产品已以另一结果发布", "the product was released already from another result";
    /// The order of a consumer is over.
    delivery_ended = "order-ended", "ZONE-PRODUCT-1", "该订单的交付已结束或产品已下架", "the delivery under this order has ended, or its product was withdrawn";
    recipient_ended = "order-ended", "ZONE-PRODUCT-1", "交付期限已满", "the delivery's term is over";
}

/// The authorisation is suspended: the article is the suspension's own.
pub(crate) fn suspended(stop: &model::order::StopSpec) -> Refusal {
    Refusal::new(
        "authorisation-suspended",
        "ZONE-AUTH-3",
        &stop.article,
        format!("该授权已暂停（依据第{}条）", stop.article),
        format!("the authorisation is suspended (article {})", stop.article),
    )
}

/// The authorisation has ended: the article is the ending's own.
pub(crate) fn ended(stop: &model::order::StopSpec) -> Refusal {
    Refusal { article: stop.article.clone(), ..authorisation_ended() }
}

/// The resource was withdrawn: the article is the withdrawal's own.
pub(crate) fn withdrawn(stop: &model::order::ResourceStopSpec) -> Refusal {
    Refusal::new(
        "resource-withdrawn",
        "ZONE-RESOURCE-4",
        &stop.article,
        "该资源已撤回并销毁",
        "the resource was withdrawn and destroyed",
    )
}

/// The resource was withdrawn after the state that this zone was restored to: its key is destroyed.
pub(crate) fn withdrawn_since(stop: &model::order::ResourceStopSpec) -> Refusal {
    Refusal::new(
        "resource-withdrawn",
        "ZONE-RESOURCE-4",
        &stop.article,
        "该资源的密钥已销毁：它在此次恢复所用备份之后已撤回，不再收数，也不再可用",
        "the resource's key was destroyed: it was withdrawn after the backup that this zone was restored from, takes no records and cannot be used any more",
    )
}

/// An unsealing that was decided before a restore: whether it was taken back since, the zone cannot know.
pub(crate) fn unsealing_before_restore(stop: &model::order::ResourceStopSpec) -> Refusal {
    Refusal::new(
        "unsealing-before-restore",
        "ZONE-RESOURCE-5",
        &stop.article,
        "系统已从备份恢复，无法确认该启封决定此后是否已被取消；资源保持封存，请重新提出",
        "the zone was restored from a backup and cannot know whether this unsealing was taken back since; the resource stays sealed, propose it anew",
    )
}

/// The resource was sealed after the state that this zone was restored to: its keepers hold its key.
pub(crate) fn sealed_since(stop: &model::order::ResourceStopSpec) -> Refusal {
    Refusal::new(
        "resource-sealed",
        "ZONE-RESOURCE-5",
        &stop.article,
        "该资源在此次恢复所用备份之后已封存，启封之前任何人不可读",
        "the resource was sealed after the backup that this zone was restored from; nobody can read it until it is unsealed",
    )
}

/// The resource is sealed: the article is the sealing's own.
pub(crate) fn sealed_away(stop: &model::order::ResourceStopSpec) -> Refusal {
    Refusal::new(
        "resource-sealed",
        "ZONE-RESOURCE-5",
        &stop.article,
        "该资源已封存，启封之前任何人不可读",
        "the resource is sealed; nobody can read it until it is unsealed",
    )
}
