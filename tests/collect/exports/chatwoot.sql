-- the tables and columns that the source reads, as the vendor's schema defines them; rows made by hand
CREATE TABLE conversations (id serial PRIMARY KEY, account_id int, inbox_id int NOT NULL, status int DEFAULT 0 NOT NULL,
  assignee_id int, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, contact_id bigint, display_id int NOT NULL,
  team_id bigint, first_reply_created_at timestamp, priority int, waiting_since timestamp(6), cached_label_list text);
CREATE TABLE inboxes (id serial PRIMARY KEY, channel_type varchar, name varchar NOT NULL);
CREATE TABLE teams (id bigserial PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE team_members (id bigserial PRIMARY KEY, team_id bigint NOT NULL, user_id bigint NOT NULL);
CREATE TABLE users (id serial PRIMARY KEY, name varchar NOT NULL, email varchar);
CREATE TABLE reporting_events (id bigserial PRIMARY KEY, name varchar, value float, conversation_id int,
  event_start_time timestamp, event_end_time timestamp, updated_at timestamp(6) NOT NULL DEFAULT '2024-03-04 07:00:00');
CREATE TABLE messages (id serial PRIMARY KEY, content text, conversation_id int NOT NULL, message_type int NOT NULL,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL, private boolean DEFAULT false NOT NULL,
  content_type int DEFAULT 0 NOT NULL, sender_type varchar, sender_id bigint);
CREATE TABLE csat_survey_responses (id bigserial PRIMARY KEY, conversation_id bigint NOT NULL, message_id bigint NOT NULL,
  rating int NOT NULL, feedback_message text, contact_id bigint NOT NULL, created_at timestamp(6), updated_at timestamp(6));
INSERT INTO inboxes VALUES (1, 'Channel::WebWidget', 'site'), (2, 'Channel::Email', 'mail'), (3, 'Channel::Pager', 'pager');
INSERT INTO teams VALUES (1, 'orders'), (2, 'after sales');
INSERT INTO users VALUES (7, 'Mei Lin', 'mei@example.com'), (8, 'Tom Berg', 'tom@example.com');
INSERT INTO team_members (team_id, user_id) VALUES (1, 7), (2, 7), (2, 8);
INSERT INTO conversations VALUES
  (1, 1, 1, 1, 7, '2024-03-04 08:00:00', '2024-03-04 09:00:00', 51, 1, 1, '2024-03-04 08:01:30', 2, NULL, 'refund,vip'),
  (2, 1, 1, 0, 8, '2024-03-04 08:10:00', '2024-03-04 08:40:00', 52, 2, 2, '2024-03-04 08:21:00', NULL, NULL, NULL),
  (3, 1, 1, 1, NULL, '2024-03-04 08:20:00', '2024-03-04 08:22:00', 53, 3, NULL, NULL, NULL, NULL, 'parcel'),
  (4, 1, 2, 3, 8, '2024-03-04 08:30:00', '2024-03-05 08:30:00', 51, 4, 2, '2024-03-04 11:30:00', 0, NULL, 'invoice'),
  (5, 1, 3, 0, NULL, '2024-03-04 08:40:00', '2024-03-04 08:40:00', 54, 5, NULL, NULL, NULL, NULL, NULL),
  (6, 1, 1, 1, 7, '2024-03-04 09:00:00', '2024-03-04 09:30:00', 55, 6, 1, '2024-03-04 08:59:00', 1, NULL, NULL);
INSERT INTO reporting_events (name, value, conversation_id, event_start_time, event_end_time) VALUES
  ('first_response', 90, 1, '2024-03-04 08:00:00', '2024-03-04 08:01:30'),
  ('conversation_resolved', 1200, 1, '2024-03-04 08:00:00', '2024-03-04 08:20:00'),
  ('conversation_resolved', 3600, 1, '2024-03-04 08:00:00', '2024-03-04 09:00:00'),
  ('conversation_bot_handoff', 600, 2, '2024-03-04 08:10:00', '2024-03-04 08:20:00'),
  ('conversation_resolved', 120, 3, '2024-03-04 08:20:00', '2024-03-04 08:22:00'),
  ('conversation_bot_resolved', 120, 3, '2024-03-04 08:20:00', '2024-03-04 08:22:00');
INSERT INTO messages (id, conversation_id, message_type, created_at, updated_at, private, content_type, sender_type, sender_id, content) VALUES
  (1, 1, 0, '2024-03-04 08:00:00', '2024-03-04 08:00:00', false, 0, 'Contact', 51, 'my number is 13812345678'),
  (2, 1, 1, '2024-03-04 08:01:30', '2024-03-04 08:01:30', false, 0, 'User', 7, 'hello'),
  (3, 1, 1, '2024-03-04 08:01:40', '2024-03-04 08:01:40', true, 0, 'User', 7, 'a note'),
  (4, 1, 2, '2024-03-04 09:00:00', '2024-03-04 09:00:00', false, 0, NULL, NULL, 'resolved'),
  (5, 1, 3, '2024-03-04 09:00:01', '2024-03-04 09:00:01', false, 9, NULL, NULL, 'rate us'),
  (6, 3, 1, '2024-03-04 08:20:05', '2024-03-04 08:20:05', false, 0, 'AgentBot', 1, 'answer'),
  (7, 2, 3, '2024-03-04 08:41:00', '2024-03-04 08:41:00', false, 9, NULL, NULL, 'rate us'),
  (8, 4, 3, '2024-03-04 12:00:00', '2024-03-04 12:00:00', false, 9, NULL, NULL, 'rate us');
INSERT INTO csat_survey_responses (conversation_id, message_id, rating, feedback_message, contact_id, created_at, updated_at) VALUES
  (1, 5, 5, 'great, call 13812345678', 51, '2024-03-04 09:05:00', '2024-03-04 09:05:00'),
  (4, 8, 9, NULL, 51, '2024-03-04 12:05:00', '2024-03-04 12:05:00');
