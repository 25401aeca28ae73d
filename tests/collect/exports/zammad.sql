-- the tables and columns that the source reads, as the vendor's migrations define them; rows made by hand
CREATE TABLE groups (id serial PRIMARY KEY, name varchar(160) NOT NULL);
CREATE TABLE ticket_state_types (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE ticket_states (id serial PRIMARY KEY, state_type_id int NOT NULL, name varchar(250) NOT NULL);
CREATE TABLE ticket_priorities (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE ticket_article_types (id serial PRIMARY KEY, name varchar(250) NOT NULL, communication boolean NOT NULL);
CREATE TABLE ticket_article_senders (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE tickets (id serial PRIMARY KEY, group_id int NOT NULL, priority_id int NOT NULL, state_id int NOT NULL,
  number varchar(60) NOT NULL, title varchar(250) NOT NULL, owner_id int NOT NULL, customer_id int NOT NULL,
  first_response_at timestamp(3), first_response_diff_in_min int, close_at timestamp(3), close_diff_in_min int,
  last_close_at timestamp(3), create_article_type_id int, created_at timestamp(3) NOT NULL, updated_at timestamp(3) NOT NULL);
CREATE TABLE ticket_articles (id serial PRIMARY KEY, ticket_id int NOT NULL, type_id int NOT NULL, sender_id int NOT NULL,
  body text NOT NULL, internal boolean NOT NULL DEFAULT false, created_at timestamp(3) NOT NULL, updated_at timestamp(3) NOT NULL);
CREATE TABLE history_types (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE history_objects (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE history_attributes (id serial PRIMARY KEY, name varchar(250) NOT NULL);
CREATE TABLE histories (id serial PRIMARY KEY, history_type_id int NOT NULL, history_object_id int NOT NULL,
  history_attribute_id int, o_id int NOT NULL, value_from varchar(500), value_to varchar(500), created_by_id int NOT NULL,
  created_at timestamp(3) NOT NULL);
INSERT INTO groups VALUES (1, 'Users'), (2, 'Finance');
INSERT INTO ticket_state_types VALUES (1, 'new'), (2, 'open'), (3, 'pending reminder'), (4, 'pending action'), (5, 'closed'), (6, 'merged');
INSERT INTO ticket_states VALUES (1, 1, 'new'), (2, 2, 'open'), (3, 3, 'pending reminder'), (4, 5, 'closed'), (5, 6, 'merged'),
  (7, 4, 'pending close'), (8, 2, 'with lawyer');
INSERT INTO ticket_priorities VALUES (1, '1 low'), (2, '2 normal'), (3, '3 high');
INSERT INTO ticket_article_types VALUES (1, 'email', true), (3, 'chat', true), (5, 'phone', true), (10, 'note', false), (11, 'web', true);
INSERT INTO ticket_article_senders VALUES (1, 'Agent'), (2, 'Customer'), (3, 'System');
INSERT INTO tickets VALUES
  (1, 1, 2, 4, '61001', 'Refund', 5, 11, '2024-03-04 08:30:00', 30, '2024-03-04 10:00:00', -60, '2024-03-05 09:00:00', 1, '2024-03-04 08:00:00', '2024-03-05 09:00:00'),
  (2, 2, 3, 3, '61002', 'Invoice', 1, 12, NULL, NULL, NULL, NULL, NULL, 5, '2024-03-04 08:10:00', '2024-03-04 08:20:00'),
  (3, 1, 1, 5, '61003', 'Refund again', 5, 11, NULL, NULL, '2024-03-04 09:00:00', NULL, '2024-03-04 09:00:00', 11, '2024-03-04 08:50:00', '2024-03-04 09:00:00'),
  (4, 2, 2, 8, '61004', 'Contract', 6, 13, NULL, NULL, NULL, NULL, NULL, 10, '2024-03-04 09:10:00', '2024-03-04 09:10:00'),
  (5, 2, 2, 4, '61005', 'Clock', 6, 13, NULL, NULL, '2024-03-04 09:00:00', NULL, '2024-03-04 09:00:00', 1, '2024-03-04 09:20:00', '2024-03-04 09:20:00'),
  (6, 2, 2, 7, '61006', 'Almost done', 6, 14, '2024-03-04 09:40:00', NULL, NULL, NULL, NULL, 1, '2024-03-04 09:30:00', '2024-03-04 09:40:00');
INSERT INTO ticket_articles (ticket_id, type_id, sender_id, body, internal, created_at, updated_at) VALUES
  (1, 1, 2, 'please', false, '2024-03-04 08:00:00', '2024-03-04 08:00:00'),
  (1, 1, 1, 'sure', false, '2024-03-04 08:30:00', '2024-03-04 08:30:00'),
  (1, 10, 1, 'he is angry', true, '2024-03-04 08:31:00', '2024-03-04 08:31:00'),
  (3, 11, 3, 'received', false, '2024-03-04 08:50:01', '2024-03-04 08:50:01');
INSERT INTO history_types VALUES (1, 'created'), (2, 'updated');
INSERT INTO history_objects VALUES (1, 'Ticket'), (2, 'Ticket::Article');
INSERT INTO history_attributes VALUES (1, 'state'), (2, 'group'), (3, 'owner');
INSERT INTO histories (history_type_id, history_object_id, history_attribute_id, o_id, value_from, value_to, created_by_id, created_at) VALUES
  (1, 1, NULL, 1, NULL, NULL, 11, '2024-03-04 08:00:00'),
  (2, 1, 1, 1, 'new', 'open', 5, '2024-03-04 08:30:00'),
  (2, 1, 1, 1, 'open', 'closed', 5, '2024-03-04 10:00:00'),
  (2, 1, 1, 1, 'closed', 'open', 11, '2024-03-05 08:00:00'),
  (2, 1, 1, 1, 'open', 'closed', 5, '2024-03-05 09:00:00'),
  (2, 1, 2, 2, 'Users', 'Finance', 5, '2024-03-04 08:15:00'),
  (2, 1, 1, 2, 'new', 'pending reminder', 5, '2024-03-04 08:20:00'),
  (2, 2, 1, 2, 'new', 'open', 5, '2024-03-04 08:20:00');
