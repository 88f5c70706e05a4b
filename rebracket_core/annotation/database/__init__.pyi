from rebracket_core.annotation.database.backup import Backup as Backup, back_up as back_up, verify_backup as verify_backup
from rebracket_core.annotation.database.health import examine_labels as examine_labels
