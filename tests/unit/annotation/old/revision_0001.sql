BEGIN TRANSACTION;
CREATE TABLE annotation_alembic (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT annotation_alembic_pkc PRIMARY KEY (version_num)
);
INSERT INTO "annotation_alembic" VALUES('0001');
CREATE TABLE annotation_decisions (
	item_no INTEGER NOT NULL, 
	event_id VARCHAR(80) NOT NULL, 
	person VARCHAR(200) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	document JSON NOT NULL, 
	PRIMARY KEY (item_no), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no)
);
INSERT INTO "annotation_decisions" VALUES(2,'00000000-0000-0000-0000-000000000012','ada','2026-02-02T02:40:14.000+00:00','{"guideline": null, "kind": "gold", "note": "", "to": "", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 1000, 0]}, "types": ["memory"]}}');
CREATE TABLE annotation_events (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id VARCHAR(80) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	person VARCHAR(200) NOT NULL, 
	project_id VARCHAR(80) NOT NULL, 
	item_id VARCHAR(400) NOT NULL, 
	target VARCHAR(80) NOT NULL, 
	payload JSON NOT NULL, 
	UNIQUE (event_id)
);
INSERT INTO "annotation_events" VALUES(1,'00000000-0000-0000-0000-000000000000','2026-02-02T02:40:01.000+00:00','person','ada','','','','{"active": true, "name": "Ada", "person_id": "ada", "role": "admin"}');
INSERT INTO "annotation_events" VALUES(2,'00000000-0000-0000-0000-000000000001','2026-02-02T02:40:02.000+00:00','person','ann','','','','{"active": true, "name": "Ann", "person_id": "ann", "role": "annotator"}');
INSERT INTO "annotation_events" VALUES(3,'00000000-0000-0000-0000-000000000002','2026-02-02T02:40:03.000+00:00','person','bo','','','','{"active": true, "name": "Bo", "person_id": "bo", "role": "annotator"}');
INSERT INTO "annotation_events" VALUES(4,'00000000-0000-0000-0000-000000000003','2026-02-02T02:40:04.000+00:00','project','ada','old-one','','','{"dataset": "", "dataset_digest": "", "name": "Old one", "project_id": "old-one", "settings": {"blind_share": 0.2, "lease_s": 900, "order": "random", "overlap": 2, "presets_version": 1, "random_share": 0.2, "repeat_share": 0.0, "suggestions": "never"}}');
INSERT INTO "annotation_events" VALUES(5,'00000000-0000-0000-0000-000000000004','2026-02-02T02:40:04.000+00:00','items','ada','old-one','','','{"items_digest": "3968f998c159245fca817af432a9ac240a48baa29902fe8c253810f9c2ac0daf", "n_items": 4}');
INSERT INTO "annotation_events" VALUES(6,'00000000-0000-0000-0000-000000000005','2026-02-02T02:40:04.000+00:00','guideline','ada','old-one','','','{"guideline": "Read it."}');
INSERT INTO "annotation_events" VALUES(7,'00000000-0000-0000-0000-000000000009','2026-02-02T02:40:06.000+00:00','label','ann','old-one','t1','','{"active_s": 2.5, "annotator": "ann", "client_time": "2026-02-02T02:40:00+00:00", "guideline_version": 1, "lease_id": "00000000-0000-0000-0000-000000000006", "round": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "18bfe4344b41a8b96b8d2ea2c280db2ed4feefbe36fe3bf965f94fc826f54279", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [1000, 0, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(8,'00000000-0000-0000-0000-00000000000a','2026-02-02T02:40:07.000+00:00','label','ann','old-one','t3','','{"active_s": 2.5, "annotator": "ann", "client_time": "2026-02-02T02:40:00+00:00", "guideline_version": 1, "lease_id": "00000000-0000-0000-0000-000000000007", "round": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "0d563e5b850c1fe3cae5eea12d0bdad9ec88ab3a2695d91275e85debe925b7bb", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [1000, 0, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(9,'00000000-0000-0000-0000-00000000000b','2026-02-02T02:40:08.000+00:00','label','ann','old-one','t0','','{"active_s": 2.5, "annotator": "ann", "client_time": "2026-02-02T02:40:00+00:00", "guideline_version": 1, "lease_id": "00000000-0000-0000-0000-000000000008", "round": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "b5916b09e17148643ef5d98871b2edb6a21033df22c9585f28d8879ce14755c4", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [1000, 0, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(10,'00000000-0000-0000-0000-00000000000e','2026-02-02T02:40:10.000+00:00','label','bo','old-one','t1','','{"active_s": 2.5, "annotator": "bo", "client_time": "2026-02-02T02:40:00+00:00", "guideline_version": 1, "lease_id": "00000000-0000-0000-0000-00000000000c", "round": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "18bfe4344b41a8b96b8d2ea2c280db2ed4feefbe36fe3bf965f94fc826f54279", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 0, 1000]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(11,'00000000-0000-0000-0000-00000000000f','2026-02-02T02:40:11.000+00:00','label','bo','old-one','t3','','{"active_s": 2.5, "annotator": "bo", "client_time": "2026-02-02T02:40:00+00:00", "guideline_version": 1, "lease_id": "00000000-0000-0000-0000-00000000000d", "round": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "0d563e5b850c1fe3cae5eea12d0bdad9ec88ab3a2695d91275e85debe925b7bb", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 0, 1000]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(12,'00000000-0000-0000-0000-000000000010','2026-02-02T02:40:12.000+00:00','skip','bo','old-one','t0','','{"reason": "", "round": 1}');
INSERT INTO "annotation_events" VALUES(13,'00000000-0000-0000-0000-000000000011','2026-02-02T02:40:13.000+00:00','flag','ann','old-one','t1','','{"note": "odd"}');
INSERT INTO "annotation_events" VALUES(14,'00000000-0000-0000-0000-000000000012','2026-02-02T02:40:14.000+00:00','decision','ada','old-one','t1','','{"guideline": null, "kind": "gold", "note": "", "to": "", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 1000, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_events" VALUES(15,'00000000-0000-0000-0000-000000000013','2026-02-02T02:40:15.000+00:00','undo','ann','old-one','t3','00000000-0000-0000-0000-00000000000a','{}');
INSERT INTO "annotation_events" VALUES(16,'00000000-0000-0000-0000-000000000015','2026-02-02T02:40:17.000+00:00','snapshot','ada','old-one','','','{"at": "2026-02-02T02:40:17.000+00:00", "n_items": 3, "n_labels": 4, "project_id": "old-one", "seq": 15, "snapshot_id": "labels-32c220b8b371ba8a472e1e07"}');
CREATE TABLE annotation_flags (
	item_no INTEGER NOT NULL, 
	person VARCHAR(200) NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (item_no, person), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no)
);
INSERT INTO "annotation_flags" VALUES(2,'ann','odd');
CREATE TABLE annotation_guidelines (
	project_id VARCHAR(80) NOT NULL, 
	version INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	PRIMARY KEY (project_id, version), 
	FOREIGN KEY(project_id) REFERENCES annotation_projects (project_id)
);
INSERT INTO "annotation_guidelines" VALUES('old-one',1,'Read it.','2026-02-02T02:40:04.000+00:00','ada');
CREATE TABLE annotation_items (
	item_no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(80) NOT NULL, 
	item_id VARCHAR(400) NOT NULL, 
	text TEXT NOT NULL, 
	text_digest VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	group_id TEXT NOT NULL, 
	album VARCHAR(40) NOT NULL, 
	blind BOOLEAN NOT NULL, 
	by_chance BOOLEAN NOT NULL, 
	repeat_of VARCHAR(400) NOT NULL, 
	rank INTEGER NOT NULL, 
	why TEXT NOT NULL, 
	round INTEGER NOT NULL, 
	n_labels INTEGER NOT NULL, 
	disagreement FLOAT, 
	flagged BOOLEAN NOT NULL, 
	decision VARCHAR(20), 
	note TEXT NOT NULL, 
	waits BOOLEAN NOT NULL, 
	CONSTRAINT ck_annotation_items_chance_is_blind CHECK (blind OR NOT by_chance), 
	FOREIGN KEY(project_id) REFERENCES annotation_projects (project_id), 
	CONSTRAINT uq_annotation_items_blind UNIQUE (item_no, blind), 
	CONSTRAINT uq_annotation_items_id UNIQUE (project_id, item_id)
);
INSERT INTO "annotation_items" VALUES(1,'old-one','t0','A lamp is lit for the ship of year 0.','b5916b09e17148643ef5d98871b2edb6a21033df22c9585f28d8879ce14755c4','','','',0,0,'',2,'by chance',1,1,NULL,0,NULL,'',0);
INSERT INTO "annotation_items" VALUES(2,'old-one','t1','A lamp is lit for the ship of year 1.','18bfe4344b41a8b96b8d2ea2c280db2ed4feefbe36fe3bf965f94fc826f54279','','','',0,0,'',0,'by chance',1,2,1.0,1,'gold','',0);
INSERT INTO "annotation_items" VALUES(3,'old-one','t2','A lamp is lit for the ship of year 2.','e631ac61c916aab49a401ef6f96a875804b823dbb666b251a8918788cb419077','','','',1,1,'',3,'by chance',1,0,NULL,0,NULL,'',0);
INSERT INTO "annotation_items" VALUES(4,'old-one','t3','A lamp is lit for the ship of year 3.','0d563e5b850c1fe3cae5eea12d0bdad9ec88ab3a2695d91275e85debe925b7bb','','','',0,0,'',1,'by chance',1,1,NULL,0,NULL,'',0);
CREATE TABLE annotation_labels (
	item_no INTEGER NOT NULL, 
	annotator VARCHAR(200) NOT NULL, 
	round INTEGER NOT NULL, 
	project_id VARCHAR(80) NOT NULL, 
	label_id VARCHAR(80) NOT NULL, 
	server_time VARCHAR(40) NOT NULL, 
	active_s FLOAT NOT NULL, 
	guideline_version INTEGER NOT NULL, 
	document JSON NOT NULL, 
	PRIMARY KEY (item_no, annotator, round), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no), 
	UNIQUE (label_id)
);
INSERT INTO "annotation_labels" VALUES(2,'ann',1,'old-one','00000000-0000-0000-0000-000000000009','2026-02-02T02:40:06.000+00:00',2.5,1,'{"client_time": "2026-02-02T02:40:00+00:00", "revision": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "18bfe4344b41a8b96b8d2ea2c280db2ed4feefbe36fe3bf965f94fc826f54279", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [1000, 0, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_labels" VALUES(1,'ann',1,'old-one','00000000-0000-0000-0000-00000000000b','2026-02-02T02:40:08.000+00:00',2.5,1,'{"client_time": "2026-02-02T02:40:00+00:00", "revision": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "b5916b09e17148643ef5d98871b2edb6a21033df22c9585f28d8879ce14755c4", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [1000, 0, 0]}, "types": ["memory"]}}');
INSERT INTO "annotation_labels" VALUES(2,'bo',1,'old-one','00000000-0000-0000-0000-00000000000e','2026-02-02T02:40:10.000+00:00',2.5,1,'{"client_time": "2026-02-02T02:40:00+00:00", "revision": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "18bfe4344b41a8b96b8d2ea2c280db2ed4feefbe36fe3bf965f94fc826f54279", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 0, 1000]}, "types": ["memory"]}}');
INSERT INTO "annotation_labels" VALUES(4,'bo',1,'old-one','00000000-0000-0000-0000-00000000000f','2026-02-02T02:40:11.000+00:00',2.5,1,'{"client_time": "2026-02-02T02:40:00+00:00", "revision": 1, "shown_at": "", "shown_run": "", "source": "", "text_digest": "0d563e5b850c1fe3cae5eea12d0bdad9ec88ab3a2695d91275e85debe925b7bb", "value": {"confidence": 800, "flag": false, "note": "", "ontological": {"kind": "abstain", "per_mille": [0, 0, 0]}, "spatial": {"kind": "soft", "per_mille": [500, 500, 0]}, "temporal": {"kind": "hard", "per_mille": [0, 0, 1000]}, "types": ["memory"]}}');
CREATE TABLE annotation_people (
	person_id VARCHAR(200) NOT NULL, 
	name TEXT NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	active BOOLEAN NOT NULL, 
	PRIMARY KEY (person_id)
);
INSERT INTO "annotation_people" VALUES('ada','Ada','admin',1);
INSERT INTO "annotation_people" VALUES('ann','Ann','annotator',1);
INSERT INTO "annotation_people" VALUES('bo','Bo','annotator',1);
CREATE TABLE annotation_projects (
	project_id VARCHAR(80) NOT NULL, 
	name TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	dataset_digest VARCHAR(64) NOT NULL, 
	settings JSON NOT NULL, 
	guideline_version INTEGER NOT NULL, 
	n_items INTEGER NOT NULL, 
	items_digest VARCHAR(64) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	closed BOOLEAN NOT NULL, 
	PRIMARY KEY (project_id)
);
INSERT INTO "annotation_projects" VALUES('old-one','Old one','','','{"blind_share": 0.2, "lease_s": 900, "order": "random", "overlap": 2, "presets_version": 1, "random_share": 0.2, "repeat_share": 0.0, "suggestions": "never"}',1,4,'3968f998c159245fca817af432a9ac240a48baa29902fe8c253810f9c2ac0daf','2026-02-02T02:40:04.000+00:00',0);
CREATE TABLE annotation_shown (
	item_no BIGINT NOT NULL, 
	person VARCHAR(200) NOT NULL, 
	run_id VARCHAR(200) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	blind BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (item_no, person, run_id), 
	CONSTRAINT ck_annotation_shown_never_blind CHECK (NOT blind), 
	CONSTRAINT fk_annotation_shown_item FOREIGN KEY(item_no, blind) REFERENCES annotation_items (item_no, blind)
);
CREATE TABLE annotation_skips (
	item_no INTEGER NOT NULL, 
	person VARCHAR(200) NOT NULL, 
	round INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (item_no, person, round), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no)
);
INSERT INTO "annotation_skips" VALUES(1,'bo',1,'');
CREATE TABLE annotation_slots (
	slot_no INTEGER NOT NULL, 
	item_no INTEGER NOT NULL, 
	project_id VARCHAR(80) NOT NULL, 
	round INTEGER NOT NULL, 
	rank INTEGER NOT NULL, 
	person VARCHAR(200), 
	done BOOLEAN NOT NULL, 
	lease_id VARCHAR(40) NOT NULL, 
	until_ms BIGINT NOT NULL, 
	PRIMARY KEY (slot_no), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no), 
	CONSTRAINT uq_annotation_slots_person UNIQUE (item_no, person)
);
INSERT INTO "annotation_slots" VALUES(1,1,'old-one',1,2,'ann',1,'',0);
INSERT INTO "annotation_slots" VALUES(2,1,'old-one',1,2,NULL,0,'',0);
INSERT INTO "annotation_slots" VALUES(3,2,'old-one',1,0,'ann',1,'',0);
INSERT INTO "annotation_slots" VALUES(4,2,'old-one',1,0,'bo',1,'',0);
INSERT INTO "annotation_slots" VALUES(5,3,'old-one',1,3,NULL,0,'',0);
INSERT INTO "annotation_slots" VALUES(6,3,'old-one',1,3,NULL,0,'',0);
INSERT INTO "annotation_slots" VALUES(8,4,'old-one',1,1,'bo',1,'',0);
INSERT INTO "annotation_slots" VALUES(9,4,'old-one',1,1,'ann',0,'00000000-0000-0000-0000-000000000014',1770000916000);
CREATE TABLE annotation_snapshots (
	project_id VARCHAR(80) NOT NULL, 
	seq INTEGER NOT NULL, 
	snapshot_id VARCHAR(80) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	n_labels INTEGER NOT NULL, 
	n_items INTEGER NOT NULL, 
	PRIMARY KEY (project_id, seq), 
	FOREIGN KEY(project_id) REFERENCES annotation_projects (project_id)
);
INSERT INTO "annotation_snapshots" VALUES('old-one',15,'labels-32c220b8b371ba8a472e1e07','2026-02-02T02:40:17.000+00:00',4,3);
CREATE TABLE annotation_suggestions (
	item_no INTEGER NOT NULL, 
	run_id VARCHAR(200) NOT NULL, 
	made_at VARCHAR(40) NOT NULL, 
	document JSON NOT NULL, 
	PRIMARY KEY (item_no), 
	FOREIGN KEY(item_no) REFERENCES annotation_items (item_no)
);
CREATE INDEX ix_annotation_events_item ON annotation_events (project_id, item_id, seq);
CREATE INDEX ix_annotation_snapshots_snapshot_id ON annotation_snapshots (snapshot_id);
CREATE INDEX ix_annotation_items_waits ON annotation_items (project_id, disagreement) WHERE waits = 1;
CREATE INDEX ix_annotation_slots_leased ON annotation_slots (project_id, person) WHERE done = 0;
CREATE INDEX ix_annotation_slots_queue ON annotation_slots (project_id, rank, item_no) WHERE done = 0;
CREATE INDEX ix_annotation_labels_project_id ON annotation_labels (project_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('annotation_events',16);
INSERT INTO "sqlite_sequence" VALUES('annotation_items',4);
COMMIT;
