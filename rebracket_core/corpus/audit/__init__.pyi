from rebracket_core.corpus.audit.dataset_audit import audit as audit
from rebracket_core.corpus.audit.report import AuditReport as AuditReport, Finding as Finding, Level as Level
