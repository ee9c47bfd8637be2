-- count
SELECT uniqExact(person) AS n
FROM (SELECT person FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND 0)
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 1000000, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- silo = ""
-- tenant = "shop"

-- gone
SELECT uniqExact(person) AS n
FROM (SELECT actor AS person FROM (SELECT person AS actor FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND segment = {p1:String} AND version = {p2:Int64}))
WHERE person NOT IN (SELECT actor AS person FROM (SELECT if(user = 0, visitor, user) AS actor FROM events FINAL WHERE tenant = {tenant:String} AND silo = {silo:String} AND time >= fromUnixTimestamp64Milli({p3:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({p4:Int64}, 'UTC') GROUP BY actor))
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- p1 = "frozen"
-- p2 = "7"
-- p3 = "-2208902400000"
-- p4 = "1714521600001"
-- silo = ""
-- tenant = "shop"

-- members
SELECT DISTINCT lower(hex(reinterpretAsFixedString(person))) AS person_id
FROM (SELECT person FROM members WHERE tenant = {tenant:String} AND silo = {silo:String} AND 0)
LIMIT 10
SETTINGS aggregate_functions_null_for_empty = 0, do_not_merge_across_partitions_select_final = 1, final = 0, group_by_use_nulls = 0, join_use_nulls = 0, max_bytes_before_external_group_by = 536870912, max_bytes_before_external_sort = 536870912, max_execution_time = 10.000, max_memory_usage = 1073741824, max_result_rows = 10, max_rows_to_read = 1073741824, optimize_move_to_prewhere_if_final = 1, optimize_or_like_chain = 0, read_overflow_mode = 'throw', result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', transform_null_in = 0
-- silo = ""
-- tenant = "shop"

