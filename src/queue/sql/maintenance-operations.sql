select func_name, func_arg from pgq.maint_operations()
